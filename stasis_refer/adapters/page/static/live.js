// Live update: when a transfer changes, what the server draws is asked for again, as this page's
// own URL with its filters, and what differs is exchanged. Without it the page can be read as well.
"use strict";

const STREAM = new URL("../v1/transfers/stream", document.currentScript.src);
const EVERY = 1000; // milliseconds between two looks at the server, at least
const AGAIN = 5000; // milliseconds until a stream or a look that failed is tried again
const SLOW = 30000; // milliseconds until a page that has heard nothing looks by itself
const LATE = 1500; // milliseconds in which the last messages of a transfer arrive

const FULL = "Too many pages are open for a live one more: this one looks again every 30 s.";

const live = document.getElementById("live");
const state = document.getElementById("status");
let stream = null;
let timer = null;
let looked = 0;
let looking = false;

function tell(text, cut = false) {
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle("cut", cut);
}

// "12:34:56 UTC", as all other times of the page.
function clock() {
  return `${new Date().toISOString().slice(11, 19)} UTC`;
}

// What the server draws says itself that it may be old.
function tellWhatIs() {
  const old = live.querySelector("#notice .mistake") !== null;
  tell(old ? "Not up to date" : "Live", old);
}

// -- what is shown ---------------------------------------------------------------

// Rows that are the same stay where they are, and so does the focus.
function mergeRows(old, fresh) {
  const there = new Map([...old.rows].map((row) => [row.id, row]));
  const wanted = new Set([...fresh.rows].map((row) => row.id));
  there.forEach((row, id) => wanted.has(id) || row.remove());
  [...fresh.rows].forEach((row, place) => {
    const same = there.get(row.id);
    const stays = same?.innerHTML === row.innerHTML;
    if (stays && old.rows[place] === same) return;
    if (!stays) {
      row.classList.add("fresh");
      same?.remove();
    }
    old.insertBefore(stays ? same : row, old.rows[place] ?? null);
  });
}

function exchange(fresh) {
  const [old, rows] = [live.querySelector("tbody"), fresh.querySelector("tbody")];
  if (old && rows) {
    mergeRows(old, rows);
    for (const part of ["#notice", "nav"]) {
      const [there, wanted] = [live.querySelector(part), fresh.querySelector(part)];
      if (!there.isEqualNode(wanted)) there.replaceWith(wanted);
    }
    return;
  }
  const open = live.querySelector("details")?.open;
  const details = fresh.querySelector("details");
  if (details && open) details.open = true;
  if (!live.isEqualNode(fresh)) live.replaceChildren(...fresh.childNodes);
}

// One at a time: a server that is slow is not asked more often, and no answer is overtaken.
async function look() {
  timer = null;
  looked = Date.now();
  if (looking) return soon();
  looking = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.status === 401) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    if (!fresh) throw new Error(answer.status);
    exchange(fresh);
  } catch (error) {
    tell(`The server could not be asked at ${clock()} (${error.message}). Trying again.`, true);
    soon(AGAIN);
    return;
  } finally {
    looking = false;
  }
  if (stream?.readyState === EventSource.OPEN) tellWhatIs();
}

function soon(within = 0) {
  const wait = Math.max(within, looked + EVERY - Date.now());
  timer ??= setTimeout(look, wait);
}

// -- when it changes -------------------------------------------------------------

function concerns(transfer) {
  const what = live.dataset.live;
  if (what !== "list") return transfer.id === what;
  const filters = new URLSearchParams(location.search);
  return ["application", "direction"].every(
    (name) => !filters.get(name)?.trim() || filters.get(name).trim() === transfer[name],
  );
}

function changed(event) {
  const transfer = JSON.parse(event.data);
  if (!concerns(transfer)) return;
  soon();
  if (live.dataset.live !== "list" && transfer.outcome) setTimeout(soon, LATE);
}

function watch() {
  stream?.close();
  stream = new EventSource(STREAM);
  stream.addEventListener("transfer", changed);
  stream.addEventListener("missed", () => soon());
  stream.onopen = () => {
    tellWhatIs();
    soon();
  };
  stream.onerror = failed;
}

// The browser tries again itself, but not where it was answered with an error; nor does it say
// with which one.
async function failed() {
  const [which, closed] = [stream, stream.readyState === EventSource.CLOSED];
  const full = closed && (await isFull());
  if (stream !== which) return;
  if (full) tell(FULL, true);
  else if (!state.classList.contains("cut") || state.textContent === FULL)
    tell(`The stream was cut at ${clock()}. Trying again.`, true);
  if (closed) setTimeout(rewatch, full ? SLOW : AGAIN, which);
}

async function isFull() {
  try {
    return (await fetch(STREAM, { method: "HEAD", cache: "no-store" })).status === 429;
  } catch {
    return false;
  }
}

function rewatch(which) {
  if (stream !== which) return;
  soon(); // tells why, or shows the login
  watch();
}

// A browser has few connections to one server, and the server few streams: a tab that nobody sees
// needs none.
function seen() {
  if (document.visibilityState === "visible") return watch();
  stream?.close();
  stream = null;
}

if (live) {
  document.addEventListener("visibilitychange", seen);
  setInterval(() => document.visibilityState === "visible" && soon(), SLOW);
  seen();
}

// A browser keeps the login to itself on links from other sites, but not on ours.
const again = document.getElementById("again");
if (again) fetch(again.href).then((answer) => answer.ok && location.replace(again.href));
