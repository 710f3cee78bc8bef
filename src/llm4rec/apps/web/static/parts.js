// The parts of a page that are more than one element of HTML, and how a page begins. Texts go in as text, never as HTML.
import { h } from "vue";

const held = (value) => (Array.isArray(value) ? value[0] : value); // what a browser has changed comes back as a list of one
const change = ["update:modelValue"];

// What the library wraps a page in.
const box = { props: ["view"], render() { return h("div", this.$slots.default?.()); } };

const field = {
  props: ["modelValue", "loopback", "label", "most", "hint", "rows"],
  emits: change,
  render() {
    const told = {
      value: held(this.modelValue) ?? "", "aria-label": this.label, maxlength: this.most, placeholder: this.hint, rows: this.rows,
      onInput: (event) => this.$emit("update:modelValue", event.target.value),
    };
    return h("label", [h("span", this.label), h(this.rows ? "textarea" : "input", told)]);
  },
};

const knob = {
  props: ["modelValue", "loopback"],
  emits: change,
  render() {
    const heard = (event) => this.$emit("update:modelValue", event.target.value);
    return h("input", { type: "range", min: 0, max: 1, step: 0.05, value: held(this.modelValue), onInput: heard });
  },
};

// A window over the page: the browser's own, which holds the focus, gives it back, and closes by Escape.
const panel = {
  props: ["modelValue", "loopback"],
  emits: change,
  computed: { open() { return Boolean(held(this.modelValue)); } },
  methods: {
    follow() {
      if (this.open && !this.$el.open) this.$el.showModal();
      else if (!this.open && this.$el.open) this.$el.close();
    },
  },
  mounted() { this.follow(); },
  updated() { this.follow(); },
  render() {
    const closed = () => { if (this.open) this.$emit("update:modelValue", false); };
    const beside = (event) => { if (event.target === this.$el) closed(); };
    return h("dialog", { onClose: closed, onMousedown: beside }, this.open ? this.$slots.default?.() : []);
  },
};

// Hints: over everything, a window too, which the browser draws above all that is not shown after it.
const hints = {
  updated() {
    if (this.$el.matches(":popover-open")) this.$el.hidePopover();
    if (this.$el.children.length) this.$el.showPopover();
  },
  render() { return h("div", { popover: "manual" }, this.$slots.default?.()); },
};

// The list. `shown`: what each place says, null as long as it is not known; apps/web/shop/cards.py writes the same as HTML.
const cards = {
  props: ["shown", "places", "words", "may"],
  emits: ["act"],
  methods: {
    button(classes, label, words, key, kind, value = null) {
      // By the second click of a double one, another item may stand there.
      const clicked = (event) => { if (event.detail < 2) this.$emit("act", { key, kind, value }); };
      const told = { class: classes, type: "button", onClick: clicked };
      return h("button", words ? told : { ...told, "aria-label": label, title: label }, words);
    },
    card(place) {
      const { shown, words } = this;
      const one = shown?.[place];
      if (shown && !one) return h("li", { key: place, class: "card gone" });
      const kind = one ? (one.fresh ? "card fresh" : "card") : "card bone";
      return h("li", { key: place, class: kind }, [this.cover(one ?? { hue: 0 }), this.said(one ?? {}), this.acts(one ?? {}, words)]);
    },
    cover(one) {
      const inside = one.picture ? h("img", { alt: "", loading: "lazy", src: one.picture }) : h("span", one.initial);
      return h("div", { class: `cover hue-${one.hue}`, "aria-hidden": "true" }, [inside]);
    },
    said(one) {
      const lines = [h("h2", one.title), h("p", { class: "by" }, one.by), h("p", { class: "reason" }, one.reason)];
      if (one.unsure) lines.push(h("p", { class: "unsure" }, one.unsure));
      return h("div", { class: "said" }, lines);
    },
    acts(one, words) {
      const made = [this.button("tiny why i-why", "", words.why, one.key, "why")];
      if (this.may) {
        for (const [kind, icon, label] of words.acts) made.push(this.button(`tiny i-${icon}`, label, "", one.key, kind));
        const stars = words.stars.map((label, at) => this.button("tiny i-star", label, "", one.key, "rating", at + 1));
        made.push(h("span", { class: "stars", role: "group", "aria-label": words.star }, stars));
      }
      return h("div", { class: "acts", role: "group", "aria-label": one.about }, made);
    },
  },
  render() {
    return h("ul", Array.from({ length: this.places }, (_, place) => this.card(place)));
  },
};

// Light, dark, or as the system: the library asks for it by `setDark`, which asks the setter below.
const light = {
  props: ["value"],
  mounted() { setDark(this.value); },
  updated() { setDark(this.value); },
  render() { return null; },
};
const system = matchMedia("(prefers-color-scheme: dark)");
let wanted;
function lit(dark) {
  wanted = dark;
  const now = dark ?? system.matches;
  document.body.classList.toggle("body--dark", now);
  document.body.classList.toggle("body--light", !now);
}
system.addEventListener("change", () => lit(wanted));

const PARTS = {
  "q-layout": box, "q-page-container": box, "q-page": box,
  "l4r-field": field, "l4r-knob": knob, "l4r-panel": panel, "l4r-cards": cards, "l4r-hints": hints, "l4r-light": light,
};

// Begin: what came as HTML is shown first; then the parts that work take its place, in one step that nobody sees.
export async function begin(app, dark) {
  for (const [name, part] of Object.entries(PARTS)) app.component(name, part);
  darkSetter = lit;
  setDark(dark);
  await painted();
  const mount = app.mount;
  app.mount = (where) => {
    const early = document.getElementById("early");
    const done = early ? left(early) : [];
    early?.remove();
    const made = mount(where);
    const root = document.querySelector(where);
    for (const one of done) again(one, root);
    renewed(window.socket);
    return made;
  };
}

function painted() {
  if (document.hidden || performance.getEntriesByName("first-contentful-paint").length) return null;
  return new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, 1500); // a window that is covered draws no frames
  });
}

// A service that was started anew, or whose session has ended, lets the socket of an old page in no more: the page is then
// asked for again, by which one signs in where that is needed. Only where it answers twice and had once let this page in.
function renewed(socket) {
  let refused = false;
  socket.io.reconnectionDelayMax(2000); // ms between two tries at most
  socket.on("connect", () => { refused = false; });
  socket.on("connect_error", async () => {
    const there = window.did_handshake && await fetch("/health").then((answer) => answer.ok, () => false);
    if (there && refused) location.reload();
    refused = there;
  });
}

// What a quick visitor did before the parts could hear it: where, and what they had typed, opened, focused, clicked.
function left(early) {
  const touched = new Set([...(window.l4r_clicks ?? []), document.activeElement, ...early.querySelectorAll("input, textarea, details[open]")]);
  const seen = [...touched].filter((one) => one && one !== early && early.contains(one));
  return seen.map((one) => ({
    path: path(one, early), like: likeness(one), value: one.value, open: one.open,
    typed: "defaultValue" in one && one.value !== one.defaultValue, focus: one === document.activeElement,
    at: one.matches("textarea, input:not([type])") ? [one.selectionStart, one.selectionEnd] : null,
    clicks: (window.l4r_clicks ?? []).includes(one),
  }));
}

function again(one, root) {
  const twin = one.path.reduce((at, place) => at?.children[place], root);
  if (!twin || likeness(twin) !== one.like) return;
  if (one.typed) {
    twin.value = one.value;
    twin.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (one.open) twin.open = true;
  if (one.focus) twin.focus({ preventScroll: true });
  if (one.focus && one.at) twin.setSelectionRange(...one.at);
  if (one.clicks) twin.click();
}

function path(one, root) {
  const places = [];
  for (let at = one; at !== root; at = at.parentElement) places.unshift([...at.parentElement.children].indexOf(at));
  return places;
}

const likeness = (one) => [one.tagName, one.className, one.ariaLabel, one.textContent].join("|");
