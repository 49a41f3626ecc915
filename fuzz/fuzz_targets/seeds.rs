//! Seeds, written when a target starts, so that the repository holds no copies of its fixtures.

use std::path::Path;

/// Writes `seeds` to the corpus that this run was given (the first folder on the command line), where they are missing.
/// libFuzzer reads the corpus after this.
pub(crate) fn write(seeds: &[(&str, Vec<u8>)]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(corpus) = arguments.iter().map(Path::new).find(|path| path.is_dir()) else { return };
    for (name, bytes) in seeds {
        let file = corpus.join(format!("seed-{name}"));
        if !file.exists() {
            // A corpus that cannot be written still fuzzes, from nothing.
            let _ = std::fs::write(file, bytes);
        }
    }
}
