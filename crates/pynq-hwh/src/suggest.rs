//! Near names for one that was not found.

/// How many names are suggested.
const SUGGESTIONS: usize = 5;
/// Names longer than this are compared by their beginning.
const COMPARED: usize = 128;

/// The names closest to `asked`, best first.
pub(crate) fn near<'a>(requested: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let requested = requested.to_ascii_lowercase();
    let mut ranked: Vec<(usize, &str)> =
        names.map(|name| (score(&requested, &name.to_ascii_lowercase()), name)).collect();
    ranked.sort();
    ranked.into_iter().take(SUGGESTIONS).map(|(_, name)| crate::warning::clip(name)).collect()
}

/// Edit distance, lowered for names that contain the whole, or the last part, of `asked`.
fn score(requested: &str, name: &str) -> usize {
    let distance = distance(requested, name);
    let tail = requested.rsplit('/').next().unwrap_or_default();
    let cell = requested.split('/').next().unwrap_or_default();
    if name.contains(requested) || (!cell.is_empty() && name.contains(cell)) {
        distance / 3
    } else if !tail.is_empty() && name.contains(tail) {
        distance / 2
    } else {
        distance
    }
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(COMPARED).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(COMPARED).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            left = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }

    #[test]
    fn a_slip_finds_its_name() {
        let names =
            ["btns_gpio/ip2intc_irpt", "switches_gpio/ip2intc_irpt", "leds_gpio/ip2intc_irpt", "dma/mm2s_introut"];
        let found = near("btn_gpio/ip2intc_irpt", names.iter().copied());
        assert_eq!(found.first().map(String::as_str), Some("btns_gpio/ip2intc_irpt"));
        let found = near("btns_gpio", names.iter().copied());
        assert_eq!(found.first().map(String::as_str), Some("btns_gpio/ip2intc_irpt"));
    }
}
