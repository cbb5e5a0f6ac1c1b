//! Puts the files of `sql/` into the program, which needs no checkout then.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folders that make the schema: fields of `migrate::Sql`.
const FOLDERS: [&str; 3] = ["migrations", "functions", "triggers"];
/// The files of its field `rights`, in the order in which they are applied.
const RIGHTS: [&str; 2] = ["roles.sql", "grants.sql"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sql = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../sql").canonicalize()?;
    let mut code = String::from("Sql {\n");
    let folders = FOLDERS.map(|name| sql_files(&sql.join(name)).map(|files| (name, files)));
    let rights = [Ok(("rights", RIGHTS.map(|name| sql.join(name)).to_vec()))];
    for field in folders.into_iter().chain(rights) {
        let (name, files) = field?;
        writeln!(code, "    {name}: &[")?;
        for file in files {
            let (name, file) = (file.strip_prefix(&sql)?.display().to_string(), file.display().to_string());
            writeln!(code, "        ({name:?}, include_str!({file:?})),")?;
        }
        writeln!(code, "    ],")?;
    }
    println!("cargo::rerun-if-changed={}", sql.display());
    code.push('}');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("sql.rs"), code)?;
    Ok(())
}

/// The SQL files below a folder, in the order of their paths.
fn sql_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
