//! Tells the tests who runs the app, so that those which cannot be run then are counted as ignored.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SPILLWAY_URL");
    println!("cargo::rustc-check-cfg=cfg(external_app)");
    if std::env::var_os("SPILLWAY_URL").is_some() {
        println!("cargo::rustc-cfg=external_app");
    }
}
