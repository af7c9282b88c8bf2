//! Compiles `runtime-shim` to one relocatable object, which the crate embeds and links into every executable it makes.
//!
//! The bytes depend on the compiler only, which `rust-toolchain.toml` pins: no debug information, no paths, one unit.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
    let out = env::var("OUT_DIR").expect("cargo sets it for build scripts");
    let rustc = env::var("RUSTC").expect("cargo sets it for build scripts");
    let shim = Path::new(&manifest).join("../runtime-shim");
    let source = shim.join("src/lib.rs");
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed=build.rs");
    let status = Command::new(rustc)
        .current_dir(&shim)
        .args(["src/lib.rs", "--crate-name=runtime_shim", "--edition=2024"])
        .args([
            "--crate-type=rlib",
            "--emit=obj",
            "--target=x86_64-unknown-linux-gnu",
        ])
        .args(["-Cpanic=abort", "-Copt-level=s", "-Ccodegen-units=1"])
        .args([
            "-Crelocation-model=pie",
            "-Cdebuginfo=0",
            "-Cforce-unwind-tables=no",
        ])
        .arg(format!("--remap-path-prefix={}=/shim", shim.display()))
        .arg(format!("-o{}", Path::new(&out).join("shim.o").display()))
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("the compiler refused runtime-shim: {status}"),
        Err(error) => panic!("cannot run the compiler for runtime-shim: {error}"),
    }
}
