import { locale } from "$ui/i18n.svelte";
import { span } from "$ui/span";
import { textOf } from "../messages/desk";
import { text } from "../messages/setup";
import type {
  AlertRule,
  Campaign,
  CannedReply,
  Connection,
  Webhook,
  ConsentText,
  Disposition,
  EntryPoint,
  Flow,
  Graph,
  Hours,
  Mailbox,
  Queue,
  SetupKind,
  SetupKinds,
  Phone,
  Prompt,
  RecordingRule,
  RingGroup,
  Trunk,
} from "../api/types";
import { text as membersText } from "../messages/members";
import { text as campaigns } from "../messages/campaigns";
import { text as office } from "../messages/office";
import { ruleText } from "../state/alertText";
import { names } from "../state/names.svelte";
import { knownOfRecording } from "./recordingKnown";
import { recorded } from "./recordingRuleSummary";
import { users } from "./users.svelte";

const first = (texts: Record<string, string>) => Object.values(texts).find(Boolean) ?? "";

/** The line beside an object's name in its list. */
export function about(kind: SetupKind, body: SetupKinds[SetupKind] & { id?: string }): string {
  switch (kind) {
    case "queues": {
      const q = body as Queue;
      return [
        `${text("members")}: ${[q.members.length || "", q.member_rule && membersText("byRule")].filter(Boolean).join(" + ") || text("everything")}`,
        `${q.service_percent} % / ${span(q.service_seconds)}`,
        ...q.needs.map((n) => `${names.of("skills", n.skill)} ≥ ${n.level}`),
      ].join(" · ");
    }
    case "teams":
    case "sites": {
      const here = users
        .want()
        .filter((u) => u.status !== "deleted")
        .filter((u) => (kind === "sites" ? u.site === body.id : u.teams.includes(body.id ?? "")));
      return users.ready ? membersText("users", { count: here.length }) : "";
    }
    case "dispositions":
      return (body as Disposition).group;
    case "hours":
      return (body as Hours).time_zone;
    case "entry-points": {
      const e = body as EntryPoint;
      return [textOf("", e.channel), names.of("flows", e.flow), text(e.enabled ? "enabled" : "outOfService")]
        .filter(Boolean)
        .join(" · ");
    }
    case "mailboxes":
      return (body as Mailbox).address;
    case "connections":
      return (body as Connection).address;
    case "webhooks":
      return (body as Webhook).address;
    case "prompts":
      return `${(body as Prompt).language} · ${(body as Prompt).text.slice(0, 70)}`;
    case "canned-replies": {
      const c = body as CannedReply;
      return [c.shortcut && `/${c.shortcut}`, names.of("queues", c.queue), c.body.slice(0, 70)]
        .filter(Boolean)
        .join(" · ");
    }
    case "consent-texts": {
      const c = body as ConsentText;
      return `${text(`purpose_${c.purpose}`)} · ${first(c.text).slice(0, 60)}`;
    }
    case "flows": {
      const graph = (body as Flow).graph as Graph | undefined;
      return text("flowSteps", { count: Object.keys(graph?.nodes ?? {}).length });
    }
    case "alert-rules":
      return [(body as AlertRule).enabled ? "" : text("outOfService"), ruleText(body as AlertRule)]
        .filter(Boolean)
        .join(" · ");
    case "phones":
      return (body as Phone).extension;
    case "ring-groups": {
      const g = body as RingGroup;
      return [g.extension, office(`order_${g.order}`)].join(" · ");
    }
    case "recording-rules": {
      const r = body as RecordingRule;
      return [r.enabled ? "" : text("outOfService"), recorded(r, knownOfRecording, locale.language)]
        .filter(Boolean)
        .join(" · ");
    }
    case "campaigns": {
      const c = body as Campaign;
      return [campaigns(`state_${c.state}`), names.of("queues", c.queue)].filter(Boolean).join(" · ");
    }
    case "trunks":
      return (body as Trunk).numbers
        .slice(0, 3)
        .map((n) => n.number)
        .concat((body as Trunk).numbers.length > 3 ? [`+ ${(body as Trunk).numbers.length - 3}`] : [])
        .join(", ");
    default:
      return "";
  }
}
