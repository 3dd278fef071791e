// The keys of the pages: j and k go to the next and the previous item, Enter opens it, / searches,
// ? says so. Every page works without. They can be switched off, since single letters may be in the
// way of speech input (WCAG 2.2, 2.1.4).

const dialog = document.getElementById("keys");
const choice = document.getElementById("keys-used");
const button = document.getElementById("keys-button");
const PLACE = "rowtrail.keys";

// Versions, and rows of the lists that lead somewhere.
const ITEMS = ".change, .tables tbody tr, .rows tbody tr, .hits > li";

// What an item opens, first the row that it is about.
const OPENS = [".subject a:last-of-type", "th a", "td a", "a"];

const SHORTCUTS = {
  j: () => move(1),
  k: () => move(-1),
  "/": search,
  "?": explain,
};

function areUsed() {
  try {
    return localStorage.getItem(PLACE) !== "off";
  } catch {
    // A browser that keeps nothing.
    return true;
  }
}

function use(isOn) {
  try {
    localStorage.setItem(PLACE, isOn ? "on" : "off");
  } catch {
    // It holds until the page is left.
  }
}

function items() {
  return [...document.querySelectorAll(ITEMS)].filter((item) => item.getClientRects().length > 0);
}

function current() {
  return document.activeElement?.closest(ITEMS) ?? document.querySelector(".change:target");
}

function move(step) {
  const all = items();
  const place = all.indexOf(current());
  const next = place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step;
  const item = all[next];
  if (item === undefined) {
    return;
  }
  // Focusable from now on, but not by the Tab key, which goes through links.
  item.tabIndex = -1;
  item.focus();
}

function open(item) {
  const link = OPENS.map((selector) => item.querySelector(selector)).find(Boolean);
  link?.click();
}

function search() {
  const field = document.querySelector(".search input[name='q']");
  if (field) {
    field.focus();
    field.select();
  } else {
    document.querySelector(".top-links a[rel='search']").click();
  }
}

function explain() {
  dialog.showModal();
  dialog.querySelector("button").focus();
}

function isWriting(element) {
  return element.matches("input:not([type='checkbox'], [type='radio']), textarea, select");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || dialog.open) {
    return;
  }
  if (isWriting(event.target) || !choice.checked) {
    return;
  }
  if (event.key === "Enter" && event.target.matches(ITEMS)) {
    open(event.target);
  } else if (Object.hasOwn(SHORTCUTS, event.key)) {
    event.preventDefault();
    SHORTCUTS[event.key]();
  }
});

choice.checked = areUsed();
choice.addEventListener("change", () => use(choice.checked));
button.hidden = false;
button.addEventListener("click", explain);
