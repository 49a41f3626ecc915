//! Rust source by line, with code and comments told apart, so that a rule about code is not tripped by a text about it.

/// A source file.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) lines: Vec<Line>,
}

/// A line of it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The code; strings and comments are blank.
    pub(crate) code: String,
    /// What stands in comments, with their slashes.
    pub(crate) comment: String,
    /// Within a `#[cfg(test)] mod`.
    pub(crate) test: bool,
    /// Within the braces of a `pub trait`.
    pub(crate) public_trait: bool,
}

/// What the scanner is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    LineComment,
    BlockComment(u32),
    Text,
    /// A raw string, which ends with a quote and so many `#`.
    RawText(usize),
}

impl Source {
    /// Splits a file.
    pub(crate) fn parse(text: &str) -> Self {
        let mut source = Self { lines: split(text) };
        source.mark(|code| code.starts_with("#[cfg(") && names_test(code), |line| line.test = true);
        source.mark(
            |code| code.starts_with("pub trait ") || code.starts_with("pub unsafe trait "),
            |line| line.public_trait = true,
        );
        source
    }

    /// Marks the lines from each that `begins` to the end of the first pair of braces after it.
    fn mark(&mut self, begins: impl Fn(&str) -> bool, set: impl Fn(&mut Line)) {
        let mut depth = None;
        for line in &mut self.lines {
            if depth.is_none() && begins(line.code.trim()) {
                depth = Some(0_u32);
            }
            let Some(mut open) = depth else { continue };
            set(line);
            depth = Some(open);
            for c in line.code.chars() {
                match c {
                    '{' => open += 1,
                    '}' => open = open.saturating_sub(1),
                    // `#[cfg(test)] mod tests;` has no braces.
                    ';' if open == 0 => depth = None,
                    _ => {}
                }
                if c == '}' && open == 0 {
                    depth = None;
                }
            }
            depth = depth.map(|_| open);
        }
    }

    /// Whether the word stands in the code of a line.
    pub(crate) fn has_word(&self, index: usize, word: &str) -> bool {
        self.lines.get(index).is_some_and(|line| words(&line.code).any(|found| found == word))
    }

    /// The comments and attributes that stand directly above a line, joined.
    pub(crate) fn docs_above(&self, index: usize) -> String {
        let mut docs = Vec::new();
        let mut open = 0_usize;
        for line in self.lines.iter().take(index).rev() {
            let code = line.code.trim();
            let attribute = open > 0 || code.ends_with(']') && !code.ends_with("];");
            if !(attribute || code.is_empty() && !line.comment.is_empty()) {
                break;
            }
            // An attribute of several lines is met from its end.
            open = (open + code.matches(']').count()).saturating_sub(code.matches('[').count());
            docs.push(line.comment.as_str());
        }
        docs.reverse();
        docs.join("\n")
    }
}

fn names_test(code: &str) -> bool {
    words(code).any(|word| word == "test") && !code.contains("not(test)")
}

/// The identifiers and keywords of a line of code.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

fn split(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut inside = Inside::Code;
    let mut index = 0;
    while index < chars.len() {
        let c = at(index);
        if c == '\n' {
            lines.push(std::mem::take(&mut line));
            if inside == Inside::LineComment {
                inside = Inside::Code;
            }
            index += 1;
            continue;
        }
        let mut used = 1;
        match inside {
            Inside::LineComment => line.comment.push(c),
            Inside::BlockComment(depth) => {
                line.comment.push(c);
                if c == '*' && at(index + 1) == '/' {
                    inside = if depth == 1 { Inside::Code } else { Inside::BlockComment(depth - 1) };
                    used = 2;
                } else if c == '/' && at(index + 1) == '*' {
                    inside = Inside::BlockComment(depth + 1);
                    used = 2;
                }
            }
            Inside::Text if c == '\\' && at(index + 1) != '\n' => used = 2,
            Inside::Text if c == '"' => {
                line.code.push(c);
                inside = Inside::Code;
            }
            Inside::RawText(hashes) if c == '"' && (1..=hashes).all(|n| at(index + n) == '#') => {
                line.code.push(c);
                inside = Inside::Code;
                used = 1 + hashes;
            }
            Inside::Text | Inside::RawText(_) => {}
            Inside::Code => {
                (inside, used) = code(c, index, &at, &mut line);
            }
        }
        index += used;
    }
    if !line.code.is_empty() || !line.comment.is_empty() {
        lines.push(line);
    }
    lines
}

/// One step in code: what it leads into, and how many characters it is.
fn code(c: char, index: usize, at: &impl Fn(usize) -> char, line: &mut Line) -> (Inside, usize) {
    let next = at(index + 1);
    match (c, next) {
        ('/', '/') => {
            line.comment.push_str("//");
            (Inside::LineComment, 2)
        }
        ('/', '*') => {
            line.comment.push_str("/*");
            (Inside::BlockComment(1), 2)
        }
        ('"', _) => {
            line.code.push(c);
            (Inside::Text, 1)
        }
        ('r', '"' | '#') => {
            let hashes = (1..).take_while(|n| at(index + n) == '#').count();
            // `r#type` is an identifier, and the r of `iter"` cannot be one.
            let begins = line
                .code
                .chars()
                .last()
                .is_none_or(|before| !(before.is_alphanumeric() && !"bc".contains(before) || before == '_'));
            line.code.push(c);
            if begins && at(index + 1 + hashes) == '"' {
                (Inside::RawText(hashes), 2 + hashes)
            } else {
                (Inside::Code, 1)
            }
        }
        // A character, not a lifetime.
        ('\'', '\\') => {
            let length = (3..12).find(|n| at(index + n) == '\'').unwrap_or(1);
            (Inside::Code, length + 1)
        }
        ('\'', _) if at(index + 2) == '\'' => (Inside::Code, 3),
        _ => {
            line.code.push(c);
            (Inside::Code, 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        Source::parse(text).lines.into_iter().map(|line| line.code.trim().to_owned()).collect()
    }

    #[test]
    fn comments_and_texts_are_no_code() {
        assert_eq!(code("let a = \"unsafe // {\"; // unsafe"), ["let a = \"\";"]);
        assert_eq!(code("/* a /* b */ c */ d"), ["d"]);
        assert_eq!(code("r#\"unsafe \" {\"# + br\"\\\" + x"), ["r\" + br\" + x"]);
        assert_eq!(code("let r#type = '\"'; let c = '\\''; f::<'a>('{')"), ["let r#type = ; let c = ; f::<'a>()"]);
        assert_eq!(code("\"a\nb\" c"), ["\"", "\" c"]);
    }

    #[test]
    fn test_modules_are_marked_to_their_end() {
        let source = Source::parse("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}");
        assert_eq!(
            source.lines.iter().map(|line| line.test).collect::<Vec<_>>(),
            [false, true, true, true, true, false]
        );
        let source = Source::parse("#[cfg(test)]\nmod tests;\nfn c() {}");
        assert_eq!(source.lines.iter().map(|line| line.test).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn docs_are_found_through_attributes() {
        let source = Source::parse("}\n/// One.\n#[cfg(\n    x\n)]\n// two\n#[inline]\nfn a() {}");
        assert_eq!(source.docs_above(7).replace('\n', ""), "/// One.// two");
    }
}
