//! Puts the files of `sql/` into the program, which needs no checkout then.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folders that make the schema: fields of `migrate::Sql`.
const FOLDERS: [&str; 3] = ["migrations", "functions", "triggers"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sql = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../sql").canonicalize()?;
    let mut code = String::from("Sql {\n");
    for name in FOLDERS {
        let folder = sql.join(name);
        println!("cargo::rerun-if-changed={}", folder.display());
        writeln!(code, "    {name}: &[")?;
        for file in sql_files(&folder)? {
            let (name, file) = (file.strip_prefix(&sql)?.display().to_string(), file.display().to_string());
            writeln!(code, "        ({name:?}, include_str!({file:?})),")?;
        }
        writeln!(code, "    ],")?;
    }
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
