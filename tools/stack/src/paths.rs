//! Where things lie: the repository, and the folder that holds all that the tools make.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The root of the repository.
pub fn root() -> PathBuf {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR"));
    stack.ancestors().nth(2).unwrap_or(stack).to_owned()
}

/// The folder of everything that the tools make: `.spillway` in the repository, which git ignores.
pub fn data_dir() -> PathBuf {
    root().join(".spillway")
}

/// Creates a folder and those above it, for its owner only: keys, reports and logs lie there.
pub fn create_dir(dir: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(|| format!("cannot create the folder {}", dir.display()))
}

/// Reads a text file.
pub fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Writes a file that only its owner may read.
pub fn write_private(file: &Path, content: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let open = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(file);
    let written = open.and_then(|mut file| file.write_all(content.as_bytes()));
    written.with_context(|| format!("cannot write {}", file.display()))
}

/// The SQL files of a folder, in the order of their names.
pub fn sql_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = files(dir)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    Ok(files)
}

/// The sample reports of every format, without those that are broken on purpose.
pub fn samples() -> Result<Vec<PathBuf>> {
    let testdata = root().join("crates/scan-reports/testdata");
    let mut samples = Vec::new();
    for format in scan_reports::Format::ALL {
        let mut files = files(&testdata.join(format.name()))?;
        files.retain(|file| admin::parse::read(file, None, |_, _| Ok(())).is_ok());
        samples.extend(files);
    }
    Ok(samples)
}

/// Of the samples of each format the largest.
pub fn sample_of_each_format() -> Result<Vec<PathBuf>> {
    let mut largest: BTreeMap<PathBuf, (u64, PathBuf)> = BTreeMap::new();
    for file in samples()? {
        let size = fs::metadata(&file).with_context(|| format!("cannot find {}", file.display()))?.len();
        let format = file.parent().map(Path::to_path_buf).unwrap_or_default();
        if largest.get(&format).is_none_or(|(known, _)| *known < size) {
            largest.insert(format, (size, file));
        }
    }
    Ok(largest.into_values().map(|(_, file)| file).collect())
}

/// The files of a folder, in the order of their names.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("cannot list {}", dir.display()))?;
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

/// A folder that goes when the value does. Those that a killed run left behind go when the next run makes one.
#[derive(Debug)]
pub struct TemporaryDir {
    path: PathBuf,
}

impl TemporaryDir {
    /// Makes a new, empty folder.
    pub fn new(name: &str) -> Result<Self> {
        let parent = data_dir().join("tmp");
        create_dir(&parent)?;
        remove_leftovers(&parent, "");
        let path = parent.join(format!("{}-{name}-{}", std::process::id(), admin::random::hex(4)?));
        create_dir(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of processes that are no more: their names are a prefix and the number of the process.
pub(crate) fn remove_leftovers(parent: &Path, prefix: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(prefix)?.split('-').next()?.parse().ok());
        if process.and_then(rustix::process::Pid::from_raw).is_some_and(is_gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_gone(process: rustix::process::Pid) -> bool {
    rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_is_its_owners_only() -> Result<()> {
        let temporary = TemporaryDir::new("mode")?;
        let dir = temporary.path().join("a/b");
        create_dir(&dir)?;
        for dir in [temporary.path(), &temporary.path().join("a"), &dir] {
            assert_eq!(fs::metadata(dir)?.permissions().mode() & 0o777, 0o700, "{}", dir.display());
        }
        Ok(())
    }
}
