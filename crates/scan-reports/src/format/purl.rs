//! Package URLs (ECMA-427), made from what scanners call an ecosystem, a name and a version.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what ECMA-427 lets stand (section 5.4). The library of package URLs lets more stand, such as `*` and `/`, and changes letters of names.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');

/// The package URL of a package; none where the ecosystem is not known.
pub(super) fn of(ecosystem: &str, name: &str, version: &str) -> Option<String> {
    let kind = kind_of(ecosystem)?;
    let (namespace, name) = split(kind, name);
    let mut purl = format!("pkg:{kind}/");
    for part in namespace.split('/').filter(|part| !part.is_empty()) {
        purl.extend(utf8_percent_encode(part, ESCAPED));
        purl.push('/');
    }
    purl.extend(utf8_percent_encode(name, ESCAPED));
    if !version.is_empty() {
        purl.push('@');
        purl.extend(utf8_percent_encode(version, ESCAPED));
    }
    Some(purl)
}

/// The type that scanners mean by a word.
fn kind_of(ecosystem: &str) -> Option<&'static str> {
    Some(match ecosystem.to_ascii_lowercase().as_str() {
        "npm" | "node" | "nodejs" | "node-pkg" | "yarn" | "pnpm" | "javascript" | "js" => "npm",
        "pypi" | "pip" | "pipenv" | "poetry" | "python" | "python-pkg" | "uv" => "pypi",
        "maven" | "java" | "java-archive" | "jar" | "pom" | "gradle" | "sbt" => "maven",
        "gem" | "rubygems" | "ruby" | "bundler" | "gemspec" => "gem",
        "golang" | "go" | "gomod" | "go-module" | "gobinary" | "gomodules" => "golang",
        "cargo" | "rust" | "rust-crate" | "crates.io" | "rustbinary" => "cargo",
        "composer" | "php" | "packagist" | "php-composer" => "composer",
        "nuget" | "dotnet" | ".net" | "dotnet-core" | "dotnet-deps" => "nuget",
        "hex" | "mix" | "erlang" => "hex",
        "pub" | "dart" => "pub",
        "conan" => "conan",
        "cocoapods" => "cocoapods",
        "swift" => "swift",
        _ => return None,
    })
}

/// Namespace and name.
fn split<'a>(kind: &str, name: &'a str) -> (&'a str, &'a str) {
    match kind {
        "maven" => name.rsplit_once(':').or_else(|| name.rsplit_once('/')).unwrap_or(("", name)),
        "npm" | "golang" | "composer" | "swift" => name.rsplit_once('/').unwrap_or(("", name)),
        _ => ("", name),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn names_are_split_and_escaped() {
        assert_eq!(of("npm", "@angular/core", "1.2.3").as_deref(), Some("pkg:npm/%40angular/core@1.2.3"));
        assert_eq!(of("java-archive", "org.apache:log4j", "2+1").as_deref(), Some("pkg:maven/org.apache/log4j@2%2B1"));
        assert_eq!(of("npm", "ä b", "~1:*").as_deref(), Some("pkg:npm/%C3%A4%20b@~1:%2A"));
        assert_eq!(of("gomod", "github.com/a/b", "").as_deref(), Some("pkg:golang/github.com/a/b"));
        assert_eq!(of("unheard-of", "a", "1"), None);
    }
}
