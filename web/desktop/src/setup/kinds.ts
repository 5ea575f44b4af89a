import type { Component } from "svelte";
import Inbox from "@lucide/svelte/icons/inbox";
import Sparkles from "@lucide/svelte/icons/sparkles";
import ListChecks from "@lucide/svelte/icons/list-checks";
import CircleDot from "@lucide/svelte/icons/circle-dot";
import Coffee from "@lucide/svelte/icons/coffee";
import Tag from "@lucide/svelte/icons/tag";
import Mail from "@lucide/svelte/icons/mail";
import MapPin from "@lucide/svelte/icons/map-pin";
import UsersRound from "@lucide/svelte/icons/users-round";
import Clock from "@lucide/svelte/icons/clock";
import DoorOpen from "@lucide/svelte/icons/door-open";
import MessageSquareText from "@lucide/svelte/icons/message-square-text";
import FileCheck from "@lucide/svelte/icons/file-check";
import BellRing from "@lucide/svelte/icons/bell-ring";
import Cable from "@lucide/svelte/icons/cable";
import Phone from "@lucide/svelte/icons/phone";
import PhoneCall from "@lucide/svelte/icons/phone-call";
import AudioLines from "@lucide/svelte/icons/audio-lines";
import Ban from "@lucide/svelte/icons/ban";
import Webhook from "@lucide/svelte/icons/webhook";
import Unplug from "@lucide/svelte/icons/unplug";
import ClipboardList from "@lucide/svelte/icons/clipboard-list";
import TextCursorInput from "@lucide/svelte/icons/text-cursor-input";
import BookUser from "@lucide/svelte/icons/book-user";
import Megaphone from "@lucide/svelte/icons/megaphone";
import Shuffle from "@lucide/svelte/icons/shuffle";
import GitBranch from "@lucide/svelte/icons/git-branch";
import type { Permission, SetupKind, SetupKinds } from "../api/types";
import { blankRule } from "../alerts/ruleForm";
import { blankField, nameOf } from "../fields/field";
import { blankTrunk } from "./trunkForm";
import type { SetupText } from "../messages/setup";

/** What the generic pages need to know of a kind. */
export interface KindInfo<K extends SetupKind = SetupKind> {
  kind: K;
  title: SetupText;
  what: SetupText;
  empty: SetupText;
  /** Who may change it; absent: who may change the set-up. */
  writes?: Permission;
  /** Who may see it; absent: who may see the set-up. */
  reads?: Permission;
  icon: Component<{ size?: number; strokeWidth?: number; "aria-hidden"?: "true" }>;
  /** A new one, with values that work. */
  blank: () => SetupKinds[K];
  name: (body: SetupKinds[K]) => string;
}

function info<K extends SetupKind>(one: KindInfo<K>): KindInfo {
  return one as unknown as KindInfo;
}

const byName = (body: { name: string }) => body.name;

export const kinds: readonly KindInfo[] = [
  info({
    kind: "queues",
    title: "queues",
    what: "queuesWhat",
    empty: "queuesEmpty",
    icon: Inbox,
    blank: () => ({
      name: "",
      channels: [],
      priority: 5,
      needs: [],
      members: [],
      member_rule: "",
      offer_seconds: 30,
      wrap_up_seconds: 60,
      wrap_up_open: false,
      max_missed: 2,
      service_seconds: 60,
      service_percent: 80,
      service_hours: "email",
      short_seconds: 5,
      hours: "",
      dispositions: [],
      disposition_must: false,
      wants: [],
      choice: "longest_idle",
      steps: [],
      affinity_seconds: 0,
      auto_accept: false,
      overflow: [],
      close_waiting: false,
      music: "",
      call_back_seconds: 0,
      call_back_key: "",
    }),
    name: byName,
  }),
  info({
    kind: "skills",
    title: "skills",
    what: "skillsWhat",
    empty: "skillsEmpty",
    icon: Sparkles,
    blank: () => ({ name: "" }),
    name: byName,
  }),
  info({
    kind: "teams",
    title: "teams",
    what: "teamsWhat",
    empty: "teamsEmpty",
    icon: UsersRound,
    blank: () => ({ name: "" }),
    name: byName,
  }),
  info({
    kind: "sites",
    title: "sites",
    what: "sitesWhat",
    empty: "sitesEmpty",
    icon: MapPin,
    blank: () => ({ name: "" }),
    name: byName,
  }),
  info({
    kind: "dispositions",
    title: "dispositions",
    what: "dispositionsWhat",
    empty: "dispositionsEmpty",
    icon: ListChecks,
    blank: () => ({ name: "", group: "" }),
    name: byName,
  }),
  info({
    kind: "reasons",
    title: "reasons",
    what: "reasonsWhat",
    empty: "reasonsEmpty",
    icon: Coffee,
    blank: () => ({ name: "" }),
    name: byName,
  }),
  info({
    kind: "labels",
    title: "labels",
    what: "labelsWhat",
    empty: "labelsEmpty",
    icon: Tag,
    blank: () => ({ name: "" }),
    name: byName,
  }),
  info({
    kind: "hours",
    title: "hours",
    what: "hoursWhat",
    empty: "hoursEmpty",
    icon: Clock,
    blank: () => ({
      name: "",
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      weekly: [1, 2, 3, 4, 5].map((day) => ({ day, from: "09:00", to: "18:00" })),
      dates: [],
    }),
    name: byName,
  }),
  info({
    kind: "entry-points",
    title: "entryPoints",
    what: "entryPointsWhat",
    empty: "entryPointsEmpty",
    icon: DoorOpen,
    blank: () => ({
      name: "",
      channel: "chat",
      enabled: true,
      flow: "",
      origins: [],
      languages: ["en", "pt"],
      consent_text: "",
      ask_name: "optional",
      ask_email: "no",
      theme: {
        title: { en: "Chat with us", pt: "Fale connosco" },
        welcome: { en: "How can we help?", pt: "Como podemos ajudar?" },
        accent: "#0b6e6e",
        position: "right",
        mode: "auto",
      },
      attachments: {
        allowed: true,
        max_mb: 10,
        types: ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"],
      },
      survey: true,
      transcript: true,
      calls: "off",
      video: false,
    }),
    name: byName,
  }),
  info({
    kind: "canned-replies",
    title: "cannedReplies",
    what: "cannedRepliesWhat",
    empty: "cannedRepliesEmpty",
    icon: MessageSquareText,
    blank: () => ({ title: "", shortcut: "", body: "", language: "", queue: "" }),
    name: (body) => body.title,
  }),
  info({
    kind: "consent-texts",
    title: "consentTexts",
    what: "consentTextsWhat",
    empty: "consentTextsEmpty",
    icon: FileCheck,
    blank: () => ({ name: "", purpose: "service", text: { en: "", pt: "" }, link: "" }),
    name: byName,
  }),
  info({
    kind: "connections",
    title: "connections",
    what: "connectionsWhat",
    empty: "connectionsEmpty",
    reads: "setup.write",
    icon: Unplug,
    blank: () => ({ name: "", address: "", header: "", secret: "", secret_set: false, secret_remove: false }),
    name: byName,
  }),
  info({
    kind: "webhooks",
    title: "webhooks",
    what: "webhooksWhat",
    empty: "webhooksEmpty",
    reads: "setup.write",
    icon: Webhook,
    blank: () => ({
      name: "",
      address: "",
      events: ["alert.raised", "alert.changed", "alert.ended"],
      secret: "",
      secret_set: false,
    }),
    name: byName,
  }),
  info({
    kind: "mailboxes",
    title: "mailboxes",
    what: "mailboxesWhat",
    empty: "mailboxesEmpty",
    reads: "setup.write",
    icon: Mail,
    blank: () => ({
      name: "",
      enabled: true,
      address: "",
      aliases: [],
      shown: "",
      imap: { host: "", port: 0, security: "tls" },
      smtp: { host: "", port: 0, security: "tls" },
      sign: "password",
      user: "",
      folders: [],
      unread: false,
      order: "oldest",
      after: "flag",
      move_to: "",
      sent_folder: "",
      entry_point: "",
      signature: "",
      acknowledgement: {},
      hold_seconds: 10,
      attach_mb: 15,
      max_recipients: 20,
      write_queue: "",
      attach_types: [],
      oauth: {},
      password: "",
      password_set: false,
      client_secret: "",
      client_secret_set: false,
      signed_in: false,
    }),
    name: byName,
  }),
  info({
    kind: "reject-reasons",
    title: "rejectReasons",
    what: "rejectReasonsWhat",
    empty: "rejectReasonsEmpty",
    icon: Ban,
    blank: () => ({ name: "", text: {}, after: "mailbox", move_to: "" }),
    name: byName,
  }),
  info({
    kind: "prompts",
    title: "prompts",
    what: "promptsWhat",
    empty: "promptsEmpty",
    icon: AudioLines,
    blank: () => ({ name: "", language: "en", text: "" }),
    name: byName,
  }),
  info({
    kind: "flows",
    title: "flows",
    what: "flowsWhat",
    empty: "flowsEmpty",
    icon: GitBranch,
    blank: () => ({ name: "", graph: { start: "", nodes: {} }, draft: null }),
    name: byName,
  }),
  info({
    kind: "alert-rules",
    title: "alertRules",
    what: "alertRulesWhat",
    empty: "alertRulesEmpty",
    writes: "alert.manage",
    icon: BellRing,
    blank: () => blankRule(),
    name: byName,
  }),
  info({
    kind: "trunks",
    title: "trunks",
    what: "trunksWhat",
    empty: "trunksEmpty",
    reads: "setup.write",
    icon: Cable,
    blank: () => blankTrunk(),
    name: byName,
  }),
  info({
    kind: "phones",
    title: "phones",
    what: "phonesWhat",
    empty: "phonesEmpty",
    reads: "setup.write",
    icon: Phone,
    blank: () => ({
      name: "",
      enabled: true,
      user: "",
      extension: "",
      encryption: "required",
      allow_md5: false,
      auto_answer: false,
      password_set: false,
      account: "",
      confirm_plain: false,
    }),
    name: byName,
  }),
  info({
    kind: "ring-groups",
    title: "ringGroups",
    what: "ringGroupsWhat",
    empty: "ringGroupsEmpty",
    reads: "setup.write",
    icon: PhoneCall,
    blank: () => ({
      name: "",
      extension: "",
      members: [""],
      order: "simultaneous",
      ring_seconds: 20,
      most_seconds: 60,
      then: {},
    }),
    name: byName,
  }),
  info({
    kind: "recording-rules",
    title: "recordingRules",
    what: "recordingRulesWhat",
    empty: "recordingRulesEmpty",
    icon: CircleDot,
    blank: () => ({
      name: "",
      enabled: true,
      queues: [],
      entry_points: [],
      campaigns: [],
      direction: "any",
      percent: 100,
      on_demand: false,
      records: "voice",
      consent: "announcement",
      consent_text: "",
      all_parties: true,
      hold: false,
      consultation: false,
      pause_minutes: 0,
      keep_days: 0,
    }),
    name: byName,
  }),
  info({
    kind: "campaigns",
    title: "campaigns",
    what: "campaignsWhat",
    empty: "campaignsEmpty",
    icon: Megaphone,
    writes: "campaign.manage",
    blank: () => ({
      name: "",
      state: "draft",
      lists: [],
      queue: "",
      caller: "",
      hours: "",
      max_attempts: 3,
      busy_minutes: 15,
      no_answer_minutes: 240,
      unreachable_minutes: 60,
      preview_seconds: 300,
      outcomes: [],
      notes: "",
    }),
    name: byName,
  }),
  info({
    kind: "contact-lists",
    title: "contactLists",
    what: "contactListsWhat",
    empty: "contactListsEmpty",
    icon: BookUser,
    writes: "campaign.manage",
    blank: () => ({ name: "" }),
    name: byName,
  }),
  info({
    kind: "quality-forms",
    title: "qualityForms",
    what: "qualityFormsWhat",
    empty: "qualityFormsEmpty",
    icon: ClipboardList,
    writes: "quality.manage",
    blank: () => ({ name: "", mark: 80, questions: [] }),
    name: byName,
  }),
  info({
    kind: "quality-samples",
    title: "qualitySamples",
    what: "qualitySamplesWhat",
    empty: "qualitySamplesEmpty",
    icon: Shuffle,
    writes: "quality.manage",
    reads: "quality.manage",
    blank: () => ({
      name: "",
      enabled: true,
      form: "",
      each: 2,
      teams: [],
      queues: [],
      evaluators: [],
      seconds: 30,
    }),
    name: byName,
  }),
  info({
    kind: "fields",
    title: "fields",
    what: "fieldsWhat",
    empty: "fieldsEmpty",
    icon: TextCursorInput,
    blank: () => blankField(),
    name: nameOf,
  }),
];
