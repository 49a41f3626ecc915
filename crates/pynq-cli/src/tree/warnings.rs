//! Warnings, of which some come in dozens.

use pynq_hwh::{Warning, WarningKind};

/// Whether a warning is about interrupts.
pub(super) fn is_of_interrupts(warning: &Warning) -> bool {
    use WarningKind as Kind;
    matches!(
        warning.kind,
        Kind::LevelSourceOnEdgeLine
            | Kind::EdgeSourceOnLevelLine
            | Kind::PolarityMismatch
            | Kind::BehindGate
            | Kind::LostBits
            | Kind::UnconnectedInput
            | Kind::ReverseMode
            | Kind::SeveralRoutes
            | Kind::SeveralDrivers
            | Kind::UnmappedController
            | Kind::UnusableLine
            | Kind::InterruptsNotRead
    )
}

/// Subjects and messages, with those of consecutive bits in one row: `intc/intr[3..7]`.
pub(super) fn folded(warnings: &[&Warning]) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while let Some(first) = warnings.get(at) {
        let defaults = defaults(warnings.get(at..).unwrap_or_default());
        if defaults.len() > 2 {
            rows.push((first.subject.clone(), format!("missing: {}", defaults.join(", "))));
            at += defaults.len();
            continue;
        }
        let run = run(warnings.get(at..).unwrap_or_default());
        let row = match (bit(&first.subject), run) {
            (Some((vector, from)), 2..) => {
                let to = from.saturating_add(run as u64 - 1);
                (format!("{vector}[{from}..{to}]"), format!("{} ({run} of them)", first.message))
            }
            _ => (first.subject.clone(), first.message.clone()),
        };
        rows.push(row);
        at += run;
    }
    rows
}

/// The parameters that the warnings at the beginning say were missing in one block: `C_HAS_IPR (true)`.
fn defaults(warnings: &[&Warning]) -> Vec<String> {
    let missing = |warning: &&Warning| {
        let (name, value) = warning.message.strip_suffix(" is assumed")?.split_once(" is missing; ")?;
        (warning.kind == WarningKind::DefaultedParameter).then(|| format!("{name} ({value})"))
    };
    let subject = warnings.first().map(|first| &first.subject);
    warnings.iter().take_while(|warning| Some(&warning.subject) == subject).map_while(missing).collect()
}

/// How many warnings at the beginning say the same of consecutive bits of a vector; 1 if no others do.
fn run(warnings: &[&Warning]) -> usize {
    let Some((first, rest)) = warnings.split_first() else { return 1 };
    let Some((vector, from)) = bit(&first.subject) else { return 1 };
    let follows = |(warning, number): &(&&Warning, u64)| {
        bit(&warning.subject) == Some((vector, *number)) && warning.message == first.message
    };
    1 + rest.iter().zip(from.saturating_add(1)..).take_while(follows).count()
}

/// `path/PORT` and 3 of `path/PORT[3]`.
fn bit(subject: &str) -> Option<(&str, u64)> {
    let (vector, bit) = subject.strip_suffix(']')?.rsplit_once('[')?;
    Some((vector, bit.parse().ok()?))
}
