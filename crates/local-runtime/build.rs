//! Finds the WIT files that crates carry and tells the bindings where they are.
//!
//! Spin's interfaces are published in one place only: inside the crate spin-sdk. Copies would go stale, so the package is
//! located with `cargo metadata`, and its folders are handed to `wasmtime::component::bindgen!` by way of a macro.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders below `wit/deps` of spin-sdk that the runtime implements.
const FROM_SPIN_SDK: [&str; 2] = ["spin-variables@3.0.0", "spin-postgres@4.2.0"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=wit");
    let ours = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let sdk = package_dir(&ours, "spin-sdk");
    let mut paths: Vec<PathBuf> = FROM_SPIN_SDK.iter().map(|name| sdk.join("wit/deps").join(name)).collect();
    for path in &paths {
        assert!(path.is_dir(), "spin-sdk carries no {}: its version and FROM_SPIN_SDK in build.rs must agree", path.display());
        println!("cargo:rerun-if-changed={}", path.display());
    }
    paths.push(ours.join("wit"));
    let out = PathBuf::from(variable("OUT_DIR")).join("wit.rs");
    std::fs::write(&out, binding_macro(&paths)).expect("OUT_DIR is writable");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

/// The folder of a package in the dependency graph of ours, wherever cargo keeps it.
fn package_dir(ours: &Path, name: &str) -> PathBuf {
    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(ours.join("Cargo.toml"))
        .output()
        .expect("cargo metadata starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    let package = packages.iter().find(|package| package["name"] == name);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let manifest = manifest.unwrap_or_else(|| panic!("{name} is not among the packages of cargo metadata"));
    Path::new(manifest).parent().expect("a manifest lies in a folder").to_path_buf()
}

/// `bindgen!` takes paths as literals only, so they are put into a macro that passes its other options on.
fn binding_macro(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("{:?}", path.display().to_string())).collect();
    format!(
        "macro_rules! bindgen_with_wit {{ ($($options:tt)*) => {{ ::wasmtime::component::bindgen!({{ path: [{}], $($options)* }}); }} }}\n",
        paths.join(", ")
    )
}
