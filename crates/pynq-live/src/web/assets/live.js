// The page: follows the board by events, and sends it what the viewer does.

import { draw } from "./board.js";

const SECONDS = 10;
const byId = (id) => document.getElementById(id);

let panel = null;
let setters = new Map();
let rows = [];
let consoles = [];
let last = null;
let received = 0;
/** What each control showed: [time in ns, value], from the oldest that is still on the waveform on. */
let history = [];

async function act(command) {
  const response = await fetch("api/act", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(command),
  }).catch((error) => ({ ok: false, text: async () => String(error) }));
  byId("message").textContent = response.ok ? "" : await response.text();
}

function made(name, parent, text) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function show(next) {
  panel = next;
  document.title = panel.board ? `${panel.design} on ${panel.board}` : panel.design;
  byId("title").textContent = document.title;
  byId("about").textContent = `${panel.device}: ${panel.blocks.length} blocks, ${panel.interrupts.length} interrupt pins`;
  setters = draw(byId("board"), panel, act);
  history = panel.controls.map(() => []);
  showInterrupts();
  showConsoles();
  showOthers();
  showBlocks();
}

function showBlocks() {
  const select = byId("block");
  const before = select.value;
  select.replaceChildren();
  made("option", select, "of no block").value = "";
  for (const block of panel.blocks) made("option", select, `${block.path} (${block.kind})`).value = block.path;
  select.value = panel.blocks.some((block) => block.path === before) ? before : "";
}

const hex = (value) => `0x${value.toString(16).padStart(8, "0")}`;

/** Reads the registers of the block that is chosen: those whose read changes nothing. */
async function showRegisters() {
  const block = byId("block").value;
  const response = block && await fetch(`api/registers?block=${encodeURIComponent(block)}`).catch(() => null);
  const registers = response?.ok ? await response.json() : [];
  if (block !== byId("block").value) return;
  byId("registers").replaceChildren();
  for (const { name, offset, value, fields } of registers) {
    const row = made("tr", byId("registers"));
    made("td", row, name);
    made("td", row, `+0x${offset.toString(16)}`);
    made("td", row, hex(value));
    made("td", row, fields.map(([field, bits]) => `${field}=${bits}`).join(" "));
  }
}

function showInterrupts() {
  byId("interrupts").replaceChildren();
  rows = panel.interrupts.map((pin) => {
    const row = made("tr", byId("interrupts"));
    made("td", row, pin.pin);
    const number = pin.number === null ? "" : ` interrupt ${pin.number}`;
    made("td", row, pin.controller === null ? `processor${number}` : `${pin.controller} input ${pin.line}`);
    made("td", row, pin.kind ?? "");
    return { row, level: made("td", row), fired: made("td", row) };
  });
}

function showConsoles() {
  byId("consoles").replaceChildren();
  consoles = panel.consoles.map((path) => {
    const box = made("div", byId("consoles"));
    box.className = "terminal";
    made("h2", box, `Serial line of ${path}`);
    const text = made("pre", box);
    text.setAttribute("aria-live", "polite");
    const form = made("form", box);
    const input = made("input", form);
    input.setAttribute("aria-label", `Text for ${path}`);
    made("button", form, "Send");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act({ do: "type", console: path, text: `${input.value}\n` });
      input.value = "";
    });
    return text;
  });
}

/** The pins of blocks that stand for nothing on the board. */
function showOthers() {
  byId("others").replaceChildren();
  panel.controls.forEach((control, index) => {
    if (setters.has(index)) return;
    const pin = made(control.kind === "input" ? "button" : "span", byId("others"));
    pin.classList.add("pin");
    made("span", pin).className = "dot";
    made("span", pin, control.label);
    if (control.kind === "input") {
      pin.type = "button";
      pin.addEventListener("click", () => act({ do: "set", control: control.id, on: !pin.classList.contains("set") }));
    }
    setters.set(index, (value) => {
      pin.classList.toggle("set", value !== 0);
      if (control.kind === "input") pin.setAttribute("aria-pressed", value !== 0);
    });
  });
  byId("pins").hidden = byId("others").childElementCount === 0;
}

function update(next) {
  if (next.panel) show(next.panel);
  next.values.forEach((value, index) => {
    const before = history[index].at(-1);
    if (before && before[1] === value) return;
    history[index].push([next.time, value]);
    setters.get(index)?.(value);
  });
  next.interrupts.forEach((interrupt, index) => {
    const { row, level, fired } = rows[index];
    row.classList.toggle("active", interrupt.active);
    level.textContent = interrupt.active ? "active" : "quiet";
    fired.textContent = interrupt.fired ?? "–";
  });
  const { interrupts, woken, spurious } = next.totals;
  byId("totals").textContent = `The processor took ${interrupts}. Tasks and nodes woken: ${woken}, for nothing: ${spurious}.`;
  next.consoles?.forEach((text, index) => {
    const box = consoles[index];
    const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
    box.textContent = text;
    if (atEnd) box.scrollTop = box.scrollHeight;
  });
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", button.dataset.mode === next.mode);
  }
  byId("step").disabled = next.mode !== "paused";
  [last, received] = [next, performance.now()];
}

/** The board's time. In real time it goes on between two updates. */
function now() {
  if (last === null) return 0;
  return last.mode === "real_time" ? last.time + (performance.now() - received) * 1e6 : last.time;
}

function waves() {
  const names = panel.controls.map((control, index) => ({ control, index })).filter(({ index }) => history[index].length > 0);
  const shown = names.filter(({ control, index }) => ["led", "rgb_led", "button", "switch"].includes(control.kind) || history[index].length > 1).slice(0, 24);
  const svg = byId("waves");
  const [width, row, left] = [560, 22, 130];
  svg.setAttribute("viewBox", `0 0 ${width} ${Math.max(row, shown.length * row)}`);
  const end = now();
  const start = end - SECONDS * 1e9;
  const x = (time) => left + (Math.max(time, start) - start) / (end - start) * (width - left - 4);
  svg.replaceChildren(...shown.flatMap(({ control, index }, place) => {
    const points = history[index];
    while (points.length > 1 && points[1][0] <= start) points.shift();
    const y = (value) => place * row + (value ? 5 : row - 6);
    let path = `M${x(points[0][0])} ${y(points[0][1])}`;
    for (const [time, value] of points.slice(1)) path += `H${x(time)}V${y(value)}`;
    path += `H${width - 4}`;
    const line = document.createElementNS(svg.namespaceURI, "path");
    line.setAttribute("class", "wave");
    line.setAttribute("d", path);
    const name = document.createElementNS(svg.namespaceURI, "text");
    name.setAttribute("class", "wave-name");
    name.setAttribute("y", place * row + row - 8);
    name.textContent = control.label;
    return [name, line];
  }));
}

/** Redraws what goes on by itself, while the page is seen and time goes on, or something has changed. */
let drawn = null;
setInterval(() => {
  if (document.hidden || panel === null) return;
  const time = now();
  byId("time").textContent = `${(time / 1e9).toFixed(6)} s`;
  if (last !== drawn || last.mode === "real_time") waves();
  drawn = last;
}, 100);

for (const button of document.querySelectorAll("[data-mode]")) {
  button.addEventListener("click", () => act({ do: "clock", mode: button.dataset.mode }));
}
byId("step").addEventListener("click", () => act({ do: "step", micros: 1000 }));
byId("block").addEventListener("change", showRegisters);
setInterval(() => { if (!document.hidden && byId("block").value !== "") showRegisters(); }, 500);

const events = new EventSource("api/events");
events.addEventListener("message", (event) => {
  byId("message").textContent = "";
  update(JSON.parse(event.data));
});
events.addEventListener("error", () => { byId("message").textContent = "The board does not answer; this page tries again."; });
