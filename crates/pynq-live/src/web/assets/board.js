// The picture of the board. Names come from a handoff file: they are set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const PITCH = 64;

function element(name, attributes, parent, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// What shows a control: a function from its value to its looks.
const shows = {
  led(group) {
    element("rect", { class: "package", x: -11, y: -14, width: 22, height: 28, rx: 2 }, group);
    const light = element("rect", { class: "led", x: -8, y: -8, width: 16, height: 16, rx: 3 }, group);
    return (value) => light.classList.toggle("lit", value !== 0);
  },
  rgb_led(group) {
    element("rect", { class: "package", x: -14, y: -14, width: 28, height: 28, rx: 3 }, group);
    const light = element("circle", { class: "led", r: 10 }, group);
    return (value) => {
      // Pin 0 is blue, 1 green, 2 red.
      const [blue, green, red] = [0, 1, 2].map((bit) => ((value >> bit) & 1 ? 255 : 40));
      const colour = `rgb(${red}, ${green}, ${blue})`;
      light.style.fill = value ? colour : "";
      light.style.filter = value ? `drop-shadow(0 0 8px ${colour})` : "";
    };
  },
  button(group) {
    element("rect", { class: "base", x: -20, y: -20, width: 40, height: 40, rx: 4 }, group);
    const cap = element("circle", { class: "cap", r: 12 }, group);
    return (value) => cap.setAttribute("r", value ? 10 : 12);
  },
  switch(group) {
    element("rect", { class: "base", x: -12, y: -24, width: 24, height: 48, rx: 3 }, group);
    const knob = element("rect", { class: "cap", x: -9, y: 2, width: 18, height: 18, rx: 2 }, group);
    return (value) => knob.setAttribute("y", value ? -20 : 2);
  },
};

/** Draws what has a place on the board. Returns what shows the value of each control, by its index. */
export function draw(svg, panel, act) {
  svg.replaceChildren();
  const placed = panel.controls.map((control, index) => ({ control, index })).filter(({ control }) => shows[control.kind]);
  const rows = [["led", "rgb_led"], ["button", "switch"]].map((kinds) => placed.filter(({ control }) => kinds.includes(control.kind)));
  const columns = Math.max(6, ...rows.map((row) => row.length));
  const [width, height] = [columns * PITCH + 60, 330];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.maxWidth = `${width * 1.5}px`;
  element("rect", { class: "pcb", width, height, rx: 14 }, svg);
  for (const [x, y] of [[20, 20], [width - 20, 20], [20, height - 20], [width - 20, height - 20]]) {
    element("circle", { cx: x, cy: y, r: 7, fill: "var(--paper)" }, svg);
  }
  const middle = width / 2;
  const chip = element("g", {}, svg);
  for (const { x, row } of places(rows, width)) {
    element("path", { class: "copper", d: `M${middle} 110 V${row === 0 ? 145 : 222} H${x} V${row === 0 ? 175 : 262}` }, svg);
  }
  svg.append(chip);
  element("rect", { class: "chip", x: middle - 95, y: 24, width: 190, height: 92, rx: 4 }, chip);
  element("text", { class: "chip-name", x: middle, y: 66 }, chip, panel.device || "device");
  element("text", { class: "chip-name", x: middle, y: 88 }, chip, panel.design);
  const setters = new Map();
  for (const { x, row, control, index } of places(rows, width)) {
    const group = element("g", { transform: `translate(${x} ${row === 0 ? 172 : 266})`, id: control.id }, svg);
    const show = shows[control.kind](group);
    element("text", { class: "silk", y: row === 0 ? 30 : 40 }, group, control.label);
    const isInput = ["button", "switch"].includes(control.kind);
    if (isInput) touch(group, control, act);
    else group.setAttribute("role", "img");
    setters.set(index, (value) => {
      show(value);
      group.classList.toggle("set", value !== 0);
      group.dataset.value = value;
      if (isInput) group.setAttribute(control.kind === "switch" ? "aria-checked" : "aria-pressed", value !== 0);
      else group.setAttribute("aria-label", `${control.label} ${value ? "lit" : "dark"}`);
    });
  }
  return setters;
}

function places(rows, width) {
  return rows.flatMap((row, number) => row.map((part, place) => ({
    ...part, row: number, x: width / 2 + (place - (row.length - 1) / 2) * PITCH,
  })));
}

/** Mouse, touch and keyboard: a button is pressed for as long as it is held, a switch stays. */
function touch(group, control, act) {
  const set = (on) => act({ do: "set", control: control.id, on });
  const isSet = () => group.dataset.value === "1";
  group.classList.add("part");
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", control.kind === "switch" ? "switch" : "button");
  group.setAttribute("aria-label", control.label);
  if (control.kind === "switch") {
    group.addEventListener("click", () => set(!isSet()));
    group.addEventListener("keydown", (event) => {
      if ((event.key === " " || event.key === "Enter") && !event.repeat) { event.preventDefault(); set(!isSet()); }
    });
    return;
  }
  let held = false;
  const hold = (on) => { if (held !== on) { held = on; set(on); } };
  group.addEventListener("pointerdown", (event) => { group.setPointerCapture(event.pointerId); hold(true); });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) group.addEventListener(end, () => hold(false));
  group.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") { event.preventDefault(); hold(true); }
  });
  group.addEventListener("keyup", () => hold(false));
  group.addEventListener("blur", () => hold(false));
}
