//! The package that random programs use: roots, addresses, a struct, and the class of which all programs are subclasses.

/// The build description.
pub(super) const DESCRIPTION: &str = r#"Build(
    name: "random",
    root: "vm",
    packages: ["Support"],
    raw: ["Support"],
    components: {},
    entry: "Nothing>>start",
    tests: ["Programs"],
)
"#;

/// Names and texts of the files.
pub(super) const FILES: &[(&str, &str)] = &[
    ("package.st", "Package { #name : 'Support' }\n"),
    ("VMComponent.class.st", ROOT_COMPONENT),
    ("VMStruct.class.st", ROOT_STRUCT),
    ("VMWord.class.st", ROOT_WORD),
    ("VMCount.class.st", ROOT_COUNT),
    ("VMTestCase.class.st", ROOT_TEST),
    ("Address.class.st", ADDRESS),
    ("ByteCount.class.st", BYTE_COUNT),
    ("Mixture.class.st", MIXTURE),
    ("Nothing.class.st", NOTHING),
    ("RandomProgram.class.st", PROGRAM),
];

const ROOT_COMPONENT: &str = "Class { #name : 'VMComponent', #superclass : 'Object', #category : 'Support', #package : 'Support' }\n";
const ROOT_STRUCT: &str = "Class { #name : 'VMStruct', #superclass : 'Object', #category : 'Support', #package : 'Support' }\n";
const ROOT_WORD: &str = "Class { #name : 'VMWord', #superclass : 'Object', #category : 'Support', #package : 'Support' }\n";
const ROOT_COUNT: &str = "Class { #name : 'VMCount', #superclass : 'VMWord', #category : 'Support', #package : 'Support' }\n";
const ROOT_TEST: &str = "Class { #name : 'VMTestCase', #superclass : 'VMComponent', #category : 'Support', #package : 'Support' }\n";

const NOTHING: &str = "Class { #name : 'Nothing', #superclass : 'VMComponent', #category : 'Support', #package : 'Support' }

{ #category : 'running' }
Nothing >> start [
]
";

const BYTE_COUNT: &str = "Class { #name : 'ByteCount', #superclass : 'VMCount', #instVars : [ '#bits => TypedField type: #Int56' ], #category : 'Support', #package : 'Support' }
";

const ADDRESS: &str = "Class { #name : 'Address', #superclass : 'VMWord', #instVars : [ '#bits => TypedField type: #UInt64' ], #category : 'Support', #package : 'Support' }

{ #category : 'accessing' }
Address >> uint8At: distance [

	<signature: #(#ByteCount) returns: #UInt8>
	<intrinsic: #load_u8>
]

{ #category : 'accessing' }
Address >> int8At: distance [

	<signature: #(#ByteCount) returns: #Int8>
	<intrinsic: #load_s8>
]

{ #category : 'accessing' }
Address >> uint16At: distance [

	<signature: #(#ByteCount) returns: #UInt16>
	<intrinsic: #load_u16>
]

{ #category : 'accessing' }
Address >> int16At: distance [

	<signature: #(#ByteCount) returns: #Int16>
	<intrinsic: #load_s16>
]

{ #category : 'accessing' }
Address >> uint32At: distance [

	<signature: #(#ByteCount) returns: #UInt32>
	<intrinsic: #load_u32>
]

{ #category : 'accessing' }
Address >> int32At: distance [

	<signature: #(#ByteCount) returns: #Int32>
	<intrinsic: #load_s32>
]

{ #category : 'accessing' }
Address >> uint64At: distance [

	<signature: #(#ByteCount) returns: #UInt64>
	<intrinsic: #load_u64>
]

{ #category : 'accessing' }
Address >> int64At: distance [

	<signature: #(#ByteCount) returns: #Int64>
	<intrinsic: #load_s64>
]

{ #category : 'accessing' }
Address >> uint8At: distance put: anInteger [

	<signature: #(#ByteCount #UInt8) returns: #Void>
	<intrinsic: #store_8>
]

{ #category : 'accessing' }
Address >> uint16At: distance put: anInteger [

	<signature: #(#ByteCount #UInt16) returns: #Void>
	<intrinsic: #store_16>
]

{ #category : 'accessing' }
Address >> uint32At: distance put: anInteger [

	<signature: #(#ByteCount #UInt32) returns: #Void>
	<intrinsic: #store_32>
]

{ #category : 'accessing' }
Address >> uint64At: distance put: anInteger [

	<signature: #(#ByteCount #UInt64) returns: #Void>
	<intrinsic: #store_64>
]

{ #category : 'copying' }
Address >> copyBytes: size from: anAddress [

	<signature: #(#ByteCount #Address) returns: #Void>
	<intrinsic: #copy_bytes>
]

{ #category : 'copying' }
Address >> moveBytes: size from: anAddress [

	<signature: #(#ByteCount #Address) returns: #Void>
	<intrinsic: #move_bytes>
]

{ #category : 'copying' }
Address >> fillBytes: size with: aByte [

	<signature: #(#ByteCount #UInt8) returns: #Void>
	<intrinsic: #fill_bytes>
]

{ #category : 'copying' }
Address >> fillWords: aCount with: aWord [

	<signature: #(#ByteCount #UInt64) returns: #Void>
	<intrinsic: #fill_words>
]

{ #category : 'arithmetic' }
Address >> + distance [

	<signature: #(#ByteCount) returns: #Address>
	^ Address fromBits: (bits + distance asInteger) asUInt64
]
";

/// A struct with fields of each width; 64 bytes with its padding.
const MIXTURE: &str = "Class {
	#name : 'Mixture',
	#superclass : 'VMStruct',
	#instVars : [
		'#a => TypedField type: #UInt8',
		'#b => TypedField type: #Int16',
		'#c => TypedField type: #Int8',
		'#d => TypedField type: #UInt32',
		'#e => TypedField type: #Int64',
		'#f => TypedField type: #UInt16',
		'#g => TypedField type: #Int32',
		'#h => TypedArray of: #UInt8 size: 4',
		'#i => TypedField type: #UInt64'
	],
	#category : 'Support',
	#package : 'Support'
}

{ #category : 'accessing' }
Mixture >> a [
	^ a
]

{ #category : 'accessing' }
Mixture >> b [
	^ b
]

{ #category : 'accessing' }
Mixture >> c [
	^ c
]

{ #category : 'accessing' }
Mixture >> d [
	^ d
]

{ #category : 'accessing' }
Mixture >> e [
	^ e
]

{ #category : 'accessing' }
Mixture >> f [
	^ f
]

{ #category : 'accessing' }
Mixture >> g [
	^ g
]

{ #category : 'accessing' }
Mixture >> h: index [

	<signature: #(#Int64) returns: #UInt8>
	^ h at: index
]

{ #category : 'accessing' }
Mixture >> i [
	^ i
]

{ #category : 'accessing' }
Mixture >> a: v [

	<signature: #(#UInt8) returns: #Void>
	a := v
]

{ #category : 'accessing' }
Mixture >> b: v [

	<signature: #(#Int16) returns: #Void>
	b := v
]

{ #category : 'accessing' }
Mixture >> c: v [

	<signature: #(#Int8) returns: #Void>
	c := v
]

{ #category : 'accessing' }
Mixture >> d: v [

	<signature: #(#UInt32) returns: #Void>
	d := v
]

{ #category : 'accessing' }
Mixture >> e: v [

	<signature: #(#Int64) returns: #Void>
	e := v
]

{ #category : 'accessing' }
Mixture >> f: v [

	<signature: #(#UInt16) returns: #Void>
	f := v
]

{ #category : 'accessing' }
Mixture >> g: v [

	<signature: #(#Int32) returns: #Void>
	g := v
]

{ #category : 'accessing' }
Mixture >> h: index put: v [

	<signature: #(#Int64 #UInt8) returns: #Void>
	h at: index put: v
]

{ #category : 'accessing' }
Mixture >> i: v [

	<signature: #(#UInt64) returns: #Void>
	i := v
]
";

const PROGRAM: &str = "Class {
	#name : 'RandomProgram',
	#superclass : 'VMTestCase',
	#instVars : [
		'#line => TypedArray of: #UInt8 size: 17'
	],
	#category : 'Support',
	#package : 'Support'
}

{ #category : 'private' }
RandomProgram >> call: number with: a with: b with: c [

	<signature: #(#UInt64 #UInt64 #UInt64 #UInt64) returns: #Int64>
	<intrinsic: #syscall3>
]

{ #category : 'printing' }
RandomProgram >> print: aNumber [

	<signature: #(#UInt64) returns: #Void>
	<noInline: 'there are many calls'>
	| rest written |
	rest := aNumber.
	1 to: 16 do: [ :index |
		line at: 17 - index put: (97 + (rest bitAnd: 15)) asUInt8.
		rest := rest >> 4 ].
	line at: 17 put: 10.
	written := self call: 1 with: 1 with: line asAddress bits with: 17.
	self assert: written = 17
]

{ #category : 'printing' }
RandomProgram >> printFloat: aFloat [

	<signature: #(#Float64) returns: #Void>
	aFloat isNaN
		ifTrue: [ self print: 12345 ]
		ifFalse: [ self print: aFloat bitPattern ]
]

{ #category : 'enumerating' }
RandomProgram >> from: start count: count do: aBlock [

	<signature: #(#Int64 #UInt8 #Block) returns: #Void>
	| value |
	value := start.
	count timesRepeat: [
		aBlock value: value.
		value := (value * 3 + 1) asInt64 ]
]

{ #category : 'enumerating' }
RandomProgram >> choose: aBoolean from: firstBlock or: secondBlock [

	<signature: #(#Boolean #Block #Block) returns: #Block>
	^ aBoolean
		ifTrue: [ firstBlock value ]
		ifFalse: [ secondBlock value ]
]
";
