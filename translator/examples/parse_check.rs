fn main() {
    let mut sources = ouroc::base::SourceMap::default();
    let mut interner = ouroc::base::Interner::default();
    let mut diagnostics = ouroc::base::Diagnostics::new();
    let path = std::env::args().nth(1).expect("path");
    ouroc::project::load(std::path::Path::new(&path), &mut sources, &mut interner, &mut diagnostics);
    for d in diagnostics.iter() { 
        let place = d.place().map(|s| format!("{:?}", s)).unwrap_or_default();
        println!("{} {} {place}", d.code, d.message);
    }
}
