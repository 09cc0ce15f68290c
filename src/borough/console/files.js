// Photos and papers of a case, and who was told of it and has not answered yet.

import { h, toast } from "./dom.js";
import { actor } from "./naming.js";
import { bytes, get, me, post, send } from "./server.js";
import { sure } from "./sure.js";
import { current, moment } from "./words.js";

const WORDS = {
  zh: {
    files: "附件", add: "上传照片或文件", none: "没有附件", adding: "正在上传…", added: "已上传", take_down: "撤下",
    why: "撤下的理由", taken_down: "已撤下", whom: "通知", answer: "应答", answered: "已应答", unanswered: "待应答", until: "截至",
  },
  en: {
    files: "Files", add: "Add a photo or file", none: "No files", adding: "Sending…", added: "Added", take_down: "Take down",
    why: "Why it is taken down", taken_down: "Taken down", whom: "Notices", answer: "I have heard", answered: "Answered", unanswered: "Not answered", until: "until",
  },
};
const say = (key) => WORDS[current()][key] ?? key;
const may = (right) => me.rights.includes(right);
const KINDS = "image/jpeg,image/png,image/webp,application/pdf,video/mp4";
const ANSWER = '[name="answer.photo"]';

/** Draw the files of a case; what is needed for it comes a moment later. */
export function files(told, done) {
  const list = h("ul", { class: "files" });
  const section = h("section", { "aria-label": say("files") }, h("h3", {}, say("files")), list);
  if (!may("files.read")) return null;
  if (may("files.write")) section.append(adder(told, done));
  get(`cases/${told.id}/files`)
    .then((found) => {
      list.replaceChildren(...found.files.map((each) => one(told, each, done)));
      if (!found.files.length) list.append(h("li", { class: "quiet" }, say("none")));
      answerWith(section, told, found.files);
    })
    .catch((problem) => list.replaceChildren(h("li", { class: "bad" }, problem.message)));
  return section;
}

function adder(told, done) {
  const field = h("input", {
    type: "file", accept: KINDS, multiple: true, class: "pick", "aria-label": say("add"),
    onchange: async () => {
      state.textContent = say("adding");
      try {
        for (const file of field.files) await send(`cases/${told.id}/files?name=${encodeURIComponent(file.name)}`, file);
        await done(say("added"));
      } catch (problem) {
        toast(problem.message, true);
        state.textContent = say("add");
        field.value = "";
      }
    },
  });
  const state = h("span", {}, say("add"));
  return h("label", { class: "do" }, state, field);
}

function one(told, file, done) {
  const facts = h("p", { class: "quiet" }, `${actor(file.by)} · ${moment(file.at_ms)}`);
  if (file.removed_ms) {
    return h("li", {}, h("s", {}, file.name), h("p", { class: "quiet" }, `${say("taken_down")} · ${file.removed_by} · ${file.why}`));
  }
  const where = `cases/${told.id}/files/${file.id}`;
  const picture = file.thumbnail ? h("img", { alt: file.name, width: "120" }) : null;
  if (picture) bytes(`${where}?copy=thumbnail`).then((data) => shown(picture, data, "image/jpeg")).catch(() => picture.remove());
  const open = async () => {
    const link = h("a", { download: file.name, href: URL.createObjectURL(new Blob([await bytes(where)], { type: file.media })) });
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const remove = async () => {
    const why = h("input", { name: "note", required: true, maxlength: "500", autocomplete: "off" });
    const given = await sure("take_down", say("take_down"), file.name, [[say("why"), why]]);
    if (!given) return;
    await post(`${where}/remove`, given);
    await done(say("taken_down"));
  };
  const act = (what) => () => what().catch((problem) => toast(problem.message, true));
  return h(
    "li",
    { data: { file: file.id } },
    picture,
    h("button", { type: "button", class: "link", onclick: act(open) }, file.name),
    facts,
    may("originals.remove") ? h("button", { type: "button", class: "link", onclick: act(remove) }, say("take_down")) : null,
  );
}

function shown(picture, data, type) {
  picture.src = URL.createObjectURL(new Blob([data], { type }));
  picture.onload = () => URL.revokeObjectURL(picture.src);
}

/** A step that asks for a photo is answered with the newest one that was taken at it. */
function answerWith(section, told, found) {
  const field = section.parentElement?.querySelector(ANSWER);
  const photos = found.filter((each) => each.thumbnail && !each.removed_ms && each.at_ms >= told.since_ms);
  if (field && !field.value && photos.length) field.value = photos.at(-1).id;
}

/** Draw who was told of a case and should answer; nothing where nobody must. */
export function notices(told, done) {
  const list = h("ul", { class: "files" });
  const section = h("section", { hidden: true, "aria-label": say("whom") }, h("h3", {}, say("whom")), list);
  get(`cases/${told.id}/notices`)
    .then((found) => {
      const asked = found.notices.filter((each) => each.answer_by_ms);
      section.hidden = !asked.length;
      list.replaceChildren(...asked.map((each) => ring(told, each, done)));
    })
    .catch(() => section.remove());
  return section;
}

function ring(told, notice, done) {
  const answer = async () => {
    try {
      await post(`cases/${told.id}/notices/${notice.id}/answer`, {});
      await done(say("answered"));
    } catch (problem) {
      toast(problem.message, true);
    }
  };
  const state = notice.answered_ms
    ? `${say("answered")} · ${notice.answered_by} · ${moment(notice.answered_ms)}`
    : `${say("unanswered")} · ${say("until")} ${moment(notice.answer_by_ms)}`;
  return h(
    "li",
    { data: { notice: notice.id } },
    h("b", {}, `${notice.recipient} · ${notice.title}`),
    h("p", { class: notice.answered_ms ? "quiet" : "bad" }, state),
    notice.answered_ms || !may("cases.note") ? null : h("button", { type: "button", class: "do", onclick: answer }, say("answer")),
  );
}
