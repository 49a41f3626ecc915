//! The snippets of a page, as a reader sees them.

/// A block of Rust code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    /// The line of the page on which it begins.
    pub(super) line: usize,
    /// It is not to be compiled.
    pub(super) ignored: bool,
    /// What the page shows of it, after what it goes on from.
    pub(super) shown: String,
}

/// All snippets of a page. One whose first line says `continued` goes on from the one before it; one that says `needs-files`
/// includes files of its reader's, for which the project's own stand in where it is tested.
pub(super) fn of_page(text: &str) -> Vec<Snippet> {
    let mut snippets: Vec<Snippet> = Vec::new();
    let mut open: Option<Snippet> = None;
    let mut other = false;
    for (index, line) in text.lines().enumerate() {
        let fence = line.strip_prefix("```");
        match (fence, &mut open) {
            (Some(_), Some(_)) => snippets.extend(open.take()),
            (Some(_), None) if other => other = false,
            (Some(info), None) => {
                let words: Vec<&str> = info.split(',').map(str::trim).collect();
                if words.first() != Some(&"rust") {
                    other = true;
                    continue;
                }
                let before = snippets.last().filter(|_| words.contains(&"continued"));
                let shown = before.map(|before| before.shown.clone()).unwrap_or_default();
                // One that goes on from another is whole only here: doc tests ignore it, this stage doesn't.
                let ignored = words.contains(&"ignore") && before.is_none() || words.contains(&"needs-files");
                open = Some(Snippet { line: index + 1, ignored, shown });
            }
            (None, Some(snippet)) => {
                if let Some(line) = visible(line) {
                    snippet.shown.push_str(line);
                    snippet.shown.push('\n');
                }
            }
            (None, None) => {}
        }
    }
    snippets
}

/// What the page shows of a line of code.
fn visible(line: &str) -> Option<&str> {
    let code = line.trim_start();
    if code == "#" || code.starts_with("# ") {
        return None;
    }
    // Two of them are one that is shown.
    Some(if code.starts_with("##") { &line[line.len() - code.len() + 1..] } else { line })
}

impl Snippet {
    /// The program that a reader makes of it: the snippet itself, or the body of a `main`.
    pub(super) fn as_program(&self) -> String {
        const ALLOW: &str = "#![allow(dead_code, unused)]\n";
        if self.shown.contains("fn main(") {
            return format!("{ALLOW}{}", self.shown);
        }
        format!(
            "{ALLOW}fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{}\nOk(())\n}}\n",
            self.shown.trim_end()
        )
    }
}

/// The lines of code, in whatever language, that are wider than `columns`. Output of programs is as wide as it is.
pub(super) fn wider_than(text: &str, columns: usize) -> Vec<usize> {
    let mut wide = Vec::new();
    // Whether the open block is one of code.
    let mut open: Option<bool> = None;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(info), None) => open = Some(!info.starts_with("text")),
            (Some(_), Some(_)) => open = None,
            (None, Some(true)) if visible(line).is_some_and(|line| line.chars().count() > columns) => {
                wide.push(index + 1)
            }
            _ => {}
        }
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A page\n\n```rust\nlet a = 1;\n# let hidden = 2;\n## attribute\n```\n\n```text\n# shell\n```\n\n\
                        ```rust,continued\nfn main() {}\n```\n\n```rust,ignore\nx\n```\n";

    #[test]
    fn what_is_hidden_is_not_pasted() {
        let found = of_page(PAGE);
        assert_eq!(
            found.iter().map(|snippet| (snippet.line, snippet.ignored)).collect::<Vec<_>>(),
            [(3, false), (13, false), (17, true)]
        );
        assert_eq!(found[0].shown, "let a = 1;\n# attribute\n");
        assert_eq!(found[1].shown, "let a = 1;\n# attribute\nfn main() {}\n", "it goes on from the first");
        assert!(found[0].as_program().contains("fn main() -> Result"));
        assert!(!found[1].as_program().contains("Result"));
    }

    #[test]
    fn wide_lines_are_those_of_code() {
        let page =
            "a wide line of prose\n```rust\nshort\n# a wide hidden line\na wide line\n```\n```text\nwide output\n```\n";
        assert_eq!(wider_than(page, 8), [5]);
    }
}
