//! The picture in a terminal.
//!
//! Names come from a handoff file: what could steer the terminal in them is made visible.

use pynq::hwh::escaped;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize},
    text::{Line, Span},
    widgets::{Block, Paragraph, Row, Table},
};

use super::Screen;
use crate::{Control, ControlKind, Mode, Seen};

/// Draws a board that shows what is `seen`, at `time` in nanoseconds.
pub fn draw(frame: &mut Frame<'_>, seen: &Seen, time: u64, screen: &Screen) {
    let board = board(seen, screen);
    let rows = u16::try_from(board.len()).unwrap_or(u16::MAX).saturating_add(2);
    let has_console = !seen.panel.consoles.is_empty();
    let areas = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(rows),
        Constraint::Min(3),
        Constraint::Length(if has_console { 8 } else { 0 }),
        Constraint::Length(1),
        Constraint::Length(1),
    ]);
    let [title, middle, interrupts, console, message, help] = areas.areas(frame.area());
    frame.render_widget(Paragraph::new(heading(seen, time)), title);
    frame.render_widget(Paragraph::new(board).block(Block::bordered().title(" board ")), middle);
    frame.render_widget(table(seen, interrupts), interrupts);
    if has_console {
        draw_console(frame, seen, console);
    }
    let line = match &screen.line {
        Some(line) if line.is_serial => format!("serial line> {}\u{2588}", line.text),
        Some(line) => format!(":{}\u{2588}", line.text),
        None => screen.message.clone(),
    };
    frame.render_widget(Paragraph::new(escaped(&line).into_owned()).yellow(), message);
    frame.render_widget(Paragraph::new(keys(seen)).dim(), help);
}

fn heading(seen: &Seen, time: u64) -> Line<'static> {
    let panel = &seen.panel;
    let board = panel.board.as_deref().map(|board| format!(" on {}", escaped(board))).unwrap_or_default();
    let mode = seen.snapshot.mode;
    let style = if mode == Mode::Paused { Style::new().black().on_yellow() } else { Style::new().green() };
    let totals = seen.snapshot.totals;
    Line::from(vec![
        Span::from(format!("{}{board}  ", escaped(&panel.design))).bold(),
        Span::from(format!("{}.{:06} s  ", time / 1_000_000_000, time / 1000 % 1_000_000)),
        Span::styled(mode.name(), style),
        Span::from(format!("  {} interrupts, {} woken for nothing", totals.interrupts, totals.spurious)).dim(),
    ])
}

/// A row for each kind of control.
fn board(seen: &Seen, screen: &Screen) -> Vec<Line<'static>> {
    let kinds = [
        (ControlKind::Led, "LEDs"),
        (ControlKind::RgbLed, "RGB LEDs"),
        (ControlKind::Button, "buttons"),
        (ControlKind::Switch, "switches"),
        (ControlKind::Output, "outputs"),
        (ControlKind::Input, "inputs"),
    ];
    let all = || seen.panel.controls.iter().zip(&seen.snapshot.values);
    let inputs = all().filter(|(control, _)| control.kind.is_input());
    let selected = inputs.map(|(control, _)| control).nth(screen.selected).map(|control| &control.id);
    let mut lines = Vec::new();
    for (kind, name) in kinds {
        let mut spans = vec![Span::from(format!("{name:9} ")).dim()];
        for (control, value) in all().filter(|(control, _)| control.kind == kind) {
            let mut shown = show(control, *value);
            if Some(&control.id) == selected {
                shown.style = shown.style.add_modifier(Modifier::UNDERLINED);
            }
            spans.extend([shown, Span::from("  ")]);
        }
        if spans.len() > 1 {
            lines.push(Line::from(spans));
        }
    }
    lines
}

fn show(control: &Control, value: u8) -> Span<'static> {
    let label = escaped(&control.label).into_owned();
    let is_on = value != 0;
    match control.kind {
        ControlKind::Led => {
            let lamp = if is_on { "\u{25cf}" } else { "\u{25cb}" };
            Span::styled(
                format!("{lamp} {label}"),
                if is_on { Style::new().light_green().bold() } else { Style::new() },
            )
        }
        ControlKind::RgbLed => {
            let part = |bit: u8| if value >> bit & 1 == 1 { 255 } else { 60 };
            let lamp = if is_on { "\u{25cf}" } else { "\u{25cb}" };
            let style =
                if is_on { Style::new().fg(Color::Rgb(part(2), part(1), part(0))).bold() } else { Style::new() };
            Span::styled(format!("{lamp} {label}"), style)
        }
        ControlKind::Button => Span::styled(format!("[{label}]"), on(is_on)),
        ControlKind::Switch => {
            let position = if is_on { "\u{2580}" } else { "\u{2584}" };
            Span::styled(format!("{position} {label}"), on(is_on))
        }
        ControlKind::Input | ControlKind::Output => Span::styled(format!("{label}={value}"), on(is_on)),
    }
}

fn on(is_on: bool) -> Style {
    if is_on { Style::new().black().on_light_yellow() } else { Style::new() }
}

fn table(seen: &Seen, area: Rect) -> Table<'static> {
    let pins = seen.panel.interrupts.iter().zip(&seen.snapshot.interrupts);
    // What is used comes first, where not all of them fit.
    let (used, unused): (Vec<_>, Vec<_>) = pins.partition(|(_, state)| state.fired.is_some() || state.active);
    let rows = used.into_iter().chain(unused).take(usize::from(area.height)).map(|(pin, state)| {
        let way = match &pin.controller {
            Some(path) => format!("{} input {}", escaped(path), pin.line),
            None => pin.number.map_or_else(|| "processor".to_owned(), |number| format!("processor {number}")),
        };
        let fired = state.fired.map_or_else(|| "-".to_owned(), |fired| fired.to_string());
        let cells = [
            escaped(&pin.pin).into_owned(),
            way,
            pin.kind.unwrap_or_default().to_owned(),
            if state.active { "active" } else { "quiet" }.to_owned(),
            fired,
        ];
        Row::new(cells).style(if state.active { Style::new().bold() } else { Style::new() })
    });
    let widths =
        [Constraint::Fill(3), Constraint::Fill(3), Constraint::Length(6), Constraint::Length(7), Constraint::Length(9)];
    let names = Row::new(["interrupt", "way", "kind", "line", "served"]).dim();
    Table::new(rows, widths).header(names).block(Block::bordered().title(" interrupts "))
}

fn draw_console(frame: &mut Frame<'_>, seen: &Seen, area: Rect) {
    let (Some(path), Some(text)) = (seen.panel.consoles.first(), seen.snapshot.consoles.first()) else { return };
    let height = usize::from(area.height.saturating_sub(2));
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(height)..).unwrap_or_default();
    let shown: Vec<Line<'static>> = last.iter().map(|line| Line::from(escaped(line).into_owned())).collect();
    let title = format!(" serial line of {} ", escaped(path));
    frame.render_widget(Paragraph::new(shown).block(Block::bordered().title(title)), area);
}

fn keys(seen: &Seen) -> String {
    let has = |kind| seen.panel.controls.iter().any(|control| control.kind == kind);
    let mut keys = Vec::new();
    if has(ControlKind::Button) {
        keys.push("0-9 button");
    }
    if has(ControlKind::Switch) {
        keys.push("a-h switch");
    }
    keys.extend(["\u{2190}\u{2192} select", "Enter hold", "p pause", "v virtual", "n step"]);
    if !seen.panel.consoles.is_empty() {
        keys.push("t type");
    }
    keys.extend([": command", "q quit"]);
    keys.join("  ")
}
