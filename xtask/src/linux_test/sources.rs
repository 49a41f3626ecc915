//! Where this machine gets its packages from, so that a source package can be had from there too.

use std::fs;

/// A place that packages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) uri: String,
    pub(crate) signed_by: Option<String>,
}

/// What `/etc/os-release` says.
pub(crate) fn os_release(key: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

/// The origin of the distribution's own suite, from the machine's own configuration.
pub(crate) fn origin(suite: &str) -> Option<Origin> {
    let mut files = vec!["/etc/apt/sources.list".into()];
    let folder = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    files.extend(folder.map(|entry| entry.path()));
    files.sort();
    files.iter().find_map(|path| {
        let text = fs::read_to_string(path).ok()?;
        match path.extension()?.to_str()? {
            "sources" => in_stanzas(&text, suite),
            "list" => in_lines(&text, suite),
            _ => None,
        }
    })
}

/// The format with a stanza of fields for each origin.
fn in_stanzas(text: &str, suite: &str) -> Option<Origin> {
    text.split("\n\n").find_map(|stanza| {
        let field = |name: &str| {
            let value = stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        field("Suites")?.split_whitespace().find(|word| *word == suite)?;
        let uri = field("URIs")?.split_whitespace().next()?.to_owned();
        Some(Origin { uri, signed_by: field("Signed-By").filter(|path| path.starts_with('/')) })
    })
}

/// The format of one line for each origin.
fn in_lines(text: &str, suite: &str) -> Option<Origin> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb")?.strip_prefix(char::is_whitespace)?.trim();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let mut words = rest.split_whitespace();
        let uri = words.next()?.to_owned();
        words.next().filter(|word| *word == suite)?;
        let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
        Some(Origin { uri, signed_by: signed_by.map(str::to_owned) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read() {
        let stanzas = "Types: deb\nURIs: http://other/security\nSuites: twelve-security\n\n# a remark\nTypes: deb\n\
                       URIs: http://mirror/debian\nSuites: twelve twelve-updates\nSigned-By: /keys/ring.gpg\n";
        let found = in_stanzas(stanzas, "twelve").unwrap();
        assert_eq!(found, Origin { uri: "http://mirror/debian".into(), signed_by: Some("/keys/ring.gpg".into()) });
        assert_eq!(in_stanzas(stanzas, "thirteen"), None);

        let lines = "# deb http://no/ twelve main\ndeb-src http://no/ twelve main\n\
                     deb [arch=amd64 signed-by=/keys/ring.gpg] http://mirror/debian twelve main\n";
        assert_eq!(in_lines(lines, "twelve").unwrap(), found);
        assert_eq!(in_lines("deb http://mirror/debian twelve main", "twelve").unwrap().signed_by, None);
    }
}
