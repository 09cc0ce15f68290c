// Ask once before what cannot be taken back: what it is done to, and what follows.

import { askFor } from "./dom.js";
import { current } from "./words.js";

const WORDS = {
  zh: {
    no: "取消", ask: "？",
    close: "结案后此案卷不再流转，计时停止，结论计入综合评价和场景的准确率，不能撤回。",
    cancel: "作废后此案卷不再流转，不能恢复。备注中的理由留在案卷日志里。",
    skip: "免办后此任务就此结束，不能撤回，该部门不再收到催办。原因留在案卷日志里。",
    out: "预警将立即向公众发布，已收到的人不会忘记；之后只能更新或解除。",
    back: "将立即向公众发布解除。要再次预警，须重新发布。",
    refuse: "此诉求将不予受理或不计考核，不能撤回。理由留在办理记录里。",
    freeze: "定稿后名次和等级不能再改，申诉不再受理；被评为末等的企业将立案。",
    revoke: "使用此令牌的程序将立即无法登录，令牌不能恢复。",
    take_down: "附件将对所有人撤下，不能恢复；其校验值和撤下的理由留在案卷日志里。",
  },
  en: {
    no: "Cancel", ask: "?",
    close: "The case goes no further, its clocks stop, and the outcome counts in the appraisals and towards the precision of its scene. This cannot be taken back.",
    cancel: "A void case goes no further and cannot be brought back. The reason in the note stays in its log.",
    skip: "The task is over for good, and its agency is not reminded of it any more. The reason stays in the log of the case.",
    out: "The public is warned at once and will not forget it; afterwards the warning can only be updated or ended.",
    back: "The public is told at once that it is over. To warn again, a bulletin must be let out anew.",
    refuse: "The request is not taken up, or is left out of the rates; this cannot be taken back. The reason stays in its record.",
    freeze: "Ranks and classes stay as they are from now on, and no appeal is heard; firms of the last class get a case.",
    revoke: "Programs with this token are shut out at once, and it cannot be brought back.",
    take_down: "Nobody can open the file any more, and it cannot be brought back; its digest and the reason stay in the log of the case.",
  },
};
const say = (key) => WORDS[current()][key];

/**
 * Ask whether somebody is sure: what is done (`yes`, as on its button), to what (`whom`), and what
 * follows of that `kind`. Gives the values of `fields` by name, or null where it was left; whoever
 * presses Enter without reading leaves.
 */
export const sure = (kind, yes, whom, fields = []) =>
  askFor(`${yes} · ${whom}${say("ask")}`, fields, { yes, no: say("no"), note: say(kind), careful: !fields.length });
