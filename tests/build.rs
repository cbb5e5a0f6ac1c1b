//! Tells the tests who runs the app, so that those which cannot be run then are counted as ignored.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SPILLWAY_URL");
    println!("cargo::rerun-if-env-changed=SPILLWAY_RUNTIME");
    println!("cargo::rustc-check-cfg=cfg(external_app)");
    println!("cargo::rustc-check-cfg=cfg(other_host)");
    if std::env::var_os("SPILLWAY_URL").is_some() {
        println!("cargo::rustc-cfg=external_app");
    }
    if std::env::var_os("SPILLWAY_RUNTIME").is_some_and(|program| !Path::new(&program).ends_with("local-runtime")) {
        println!("cargo::rustc-cfg=other_host");
    }
}
