// What the API speaks, named for the screens; generated from its document.
import type { components } from "$api/schema";

type Schemas = components["schemas"];

/** supervisor: may be asked for help; absent where the server does not tell. */
export type AgentView = Schemas["AgentView"] & { supervisor?: boolean };
export type AgentDetail = Schemas["AgentDetail"];
export type AgentToday = Schemas["AgentToday"];
export type AddedFactor = Schemas["AddedFactor"];
export type Alert = Schemas["Alert"];
export type SecurityAlert = Schemas["SecurityAlert"];
export type Appearance = Schemas["Appearance"];
export type BrandShown = Schemas["BrandShown"];
export type BrandPreview = Schemas["BrandPreview"];
export type OwnBrand = Schemas["OwnBrand"];
export type Palette = Schemas["Palette"];
export type APIKey = Schemas["APIKey"];
export type OwnRole = Schemas["Role"];
export type RolePart = Schemas["RolePart"];
export type RoleParts = Record<string, RolePart>;
export type RoleEffect = Schemas["RoleEffect"];
export type RoleHolder = Schemas["RoleHolder"];
export type AuditEntry = Schemas["AuditEntry"];
export type Calendar = Schemas["Calendar"];
export type ClosedDay = Schemas["ClosedDay"];
export type Clause = Schemas["Clause"];
export type Contact = Schemas["Contact"];
export type ContactAddress = Schemas["ContactAddress"];
export type Day = Schemas["Day"];
export type DayAgents = Schemas["DayAgents"];
export type DayQueue = Schemas["DayQueue"];
export type DaySlot = Schemas["DaySlot"];
export type ErasureReceipt = Schemas["ErasureReceipt"];
export type Factor = Schemas["Factor"];
export type Factors = Schemas["Factors"];
export type Handed = Schemas["Handed"];
export type Interaction = Schemas["Interaction"];
export type InteractionDetail = Schemas["InteractionDetail"];
export type InventoryEntry = Schemas["InventoryEntry"];
export type Marks = Schemas["Marks"];
export type Me = Schemas["Me"];
export type Measure = Schemas["Definition"];
export type Membership = Schemas["Membership"];
export type Message = Schemas["Message"];
export type Offer = Schemas["Offer"];
export type Ending = Schemas["Ending"];
export type Export = Schemas["Export"];
export type Holdings = Schemas["Holdings"];
export type Organisation = Schemas["Organisation"];
export type FoundOrganisations = Schemas["FoundOrganisations"];
export type Limits = Schemas["Limits"];
export type Usage = Schemas["Own"];
export type UsagePage = Schemas["AccountPage"];
export type UsageLine = Schemas["AccountLine"];
export type AuditAction = Schemas["AuditEntry"]["action"];
export type OrganisationKeys = Schemas["OrganisationKeys"];
export type FoundUsers = Schemas["FoundUsers"];
export type ObjectEffect = Schemas["ObjectEffect"];
export type SeveralObjects = Schemas["SeveralObjects"];
export type ImportedUsers = Schemas["ImportedUsers"];
export type SignUpLink = Schemas["SignUpLink"];
export type MadeSignUpLink = Schemas["MadeSignUpLink"];
export type SignUpOffer = Schemas["SignUpOffer"];
export type FirstSteps = Schemas["FirstSteps"];
export type SampleState = Schemas["SampleState"];
export type Invited = Schemas["Invited"];
export type SeveralChange = Schemas["SeveralChange"];
export type SeveralEffect = Schemas["SeveralEffect"];
export type Letter = Schemas["Letter"];
export type UserEffect = Schemas["UserEffect"];
export type UserImport = Schemas["UserImport"];
export type UserQuery = Schemas["UserQuery"];
export type Welcome = Schemas["Welcome"];
export type SupportGrant = Schemas["SupportGrant"];
export type SupportProvider = Schemas["SupportProvider"];
export type SupportScope = SupportGrant["scopes"][number];
export type PermissionInfo = Schemas["PermissionView"];
export type Profile = Schemas["Profile"];
export type QueueDetail = Schemas["QueueDetail"];
export type QueueView = Schemas["QueueView"];
export type OpenedRecording = Schemas["OpenedRecording"];
export type Recording = Schemas["Recording"];
export type RecordingFault = Schemas["RecordingFault"];
export type RecordingShare = Schemas["Share"];
export type RecordingHold = Schemas["Hold"];
export type Evaluation = Schemas["Evaluation"];
export type WholeEvaluation = Schemas["Whole"];
export type EvaluationAnswer = Schemas["Answer"];
export type EvaluationNote = Schemas["Note"];
export type EvaluationQuestion = Schemas["Question"];
export type Calibration = Schemas["Calibration"];
export type ComparedCalibration = Schemas["Compared"];
export type QualityScores = Schemas["Scores"];
export type ScoreSeries = Schemas["Series"];
export type QualityForm = Required<Schemas["QualityForm"]>;
export type ContactList = Required<Omit<Schemas["ContactList"], "$schema">>;
export type Campaign = Required<Omit<Schemas["Campaign"], "$schema">>;
export type CampaignProgress = Schemas["CampaignProgress"];
export type ContactImport = Schemas["ContactImport"];
export type ListedContact = Schemas["ListedContact"];
export type CallingDesk = Schemas["CallingDesk"];
export type ContactPreview = Schemas["ContactPreview"];
export type NextContact = Schemas["NextContact"];
export type QualitySample = Required<Schemas["QualitySample"]>;
export type RecordingMark = Schemas["RecordingMark"];
export type Rules = Schemas["RulesObject"];
export type SignInRule = Schemas["SignInRule"];
export type SignInEffect = Schemas["SignInEffect"];
export type Segment = Schemas["Segment"];
export type Leg = Schemas["Leg"];
export type ScreenBegun = Schemas["ScreenBegun"];
export type ScreenKept = Schemas["ScreenKept"];
export type ScreenSharing = Schemas["ScreenSharing"];
export type Session = Schemas["SessionView"];
export type SkillNeed = Schemas["SkillNeed"];
export type Snapshot = Schemas["Snapshot"];
export type System = Schemas["SystemView"];
export type Tried = Schemas["Tried"];
export type Try = Schemas["Try"];
export type User = Schemas["User"];
export type Why = Schemas["Why"];
export type WhyCandidate = Schemas["WhyCandidate"];
export type WhyGroup = Schemas["WhyGroup"];
export type WhyReason = Schemas["WhyReason"];
export type WhyUser = Schemas["WhyUser"];

export type PhoneCall = Schemas["PhoneCall"];
export type VoicemailBox = Schemas["Mailbox"];
export type LeftMessage = Schemas["LeftMessage"];
export type WaitingCallback = Schemas["WaitingCallback"];
export type ParkedCall = Schemas["ParkedCall"];
export type Forwarding = Schemas["Forwarding"];
export type Presence = AgentView["presence"];
export type Channel = Interaction["channel"];
/** A built-in role. */
export type BuiltIn = User["kinds"][number];
/** A built-in role, or the id of one that the organisation made. */
export type Role = User["roles"][number];
export type Permission = Me["permissions"][number];

export interface Page<T> {
  items: T[];
  next?: string;
}

// What an administrator sets up, whole as the server answers it; a new one may leave out much.

export type Queue = Required<Schemas["Queue"]>;
export type Skill = Schemas["Skill"];
export type Team = Schemas["Team"];
export type Site = Schemas["Site"];
export type Disposition = Required<Schemas["Disposition"]>;
export type Reason = Schemas["Reason"];
export type Label = Schemas["Label"];
export type Hours = Required<Schemas["Hours"]>;
export type Span = Schemas["Span"];
export type Exception = Schemas["Exception"];
export type EntryPoint = Required<Schemas["EntryPoint"]>;
export type CallState = Schemas["State"];
export type SecureFlow = Schemas["SecureFlow"];
export type CallChoices = Schemas["Choices"];
export type Connection = Required<Omit<Schemas["NewConnection"], "$schema">>;
export type Webhook = Required<Omit<Schemas["NewWebhook"], "$schema">>;
export type WebhookDelivery = Schemas["WebhookDelivery"];
/** With its password, which is sent and never answered. */
export type Mailbox = Required<Omit<Schemas["NewMailbox"], "$schema">>;
export type MailboxState = Schemas["MailboxState"];
export type TriedMailbox = Schemas["TriedMailbox"];
export type Prompt = Schemas["Prompt"];
export type Greeting = Schemas["Greeting"];
export type PromptSound = Schemas["Sound"];
export type CannedReply = Required<Schemas["CannedReply"]>;
export type ConsentText = Required<Schemas["ConsentText"]>;

export interface FlowNode {
  type: string;
  text?: Record<string, string>;
  prompt?: Record<string, string>;
  options?: { value: string; label: Record<string, string>; next: string }[];
  into?: string;
  digits?: { min: number; max: number; terminator?: "#" | "*" };
  sensitive?: boolean;
  hours?: string;
  open?: string;
  closed?: string;
  cases?: { if: string; next: string }[];
  queue?: string;
  priority?: number;
  skills?: Record<string, number>;
  prefers?: Record<string, number>;
  language?: string;
  attributes?: Record<string, string>;
  connection?: string;
  method?: "GET" | "POST";
  path?: string;
  body?: Record<string, string>;
  results?: Record<string, string>;
  failed?: string;
  consent?: string;
  yes?: string;
  no?: string;
  none?: string;
  number?: string;
  caller?: string;
  busy?: string;
  lines?: string[];
  flow?: string;
  ends?: { name: string; next: string }[];
  end?: string;
  action?: string;
  reason?: string;
  reject?: string;
  next?: string;
  seconds?: number;
  timeout?: string;
  at?: { x: number; y: number };
}

/** A flow's graph is checked by the server when it is saved; here it may be anything. */
export interface Graph {
  start: string;
  nodes: Record<string, FlowNode>;
  takes?: string[];
  secure?: boolean;
  transfer?: boolean;
}
export type Flow = Omit<Schemas["Flow"], "graph" | "draft"> & { graph: Graph; draft: Graph | null };
export type FlowTried = Schemas["FlowTried"];
export type FlowToday = Schemas["FlowToday"];
export type FlowTry = Schemas["FlowTry"];

export type AlertLevel = Schemas["AlertLevel"];
export type AlertRule = Required<Omit<Schemas["AlertRule"], "activity">> &
  Pick<Schemas["AlertRule"], "activity">;

/** With what is sent beside it: a new password, its removal, the choice of unencrypted voices. */
export type Trunk = Required<Schemas["NewTrunk"]>;
/** With what is sent beside it: the choice of no encryption. */
export type Phone = Required<Schemas["NewPhone"]>;
export type HandsetChoice = Schemas["HandsetChoice"];
export type RingGroup = Required<Schemas["RingGroup"]>;
export type RejectReason = Required<Schemas["RejectReason"]>;
export type RecordingRule = Required<Schemas["RecordingRule"]>;
export type PhoneState = Schemas["PhoneState"];
export type TrunkState = Schemas["TrunkState"];
export type OfferedLine = Schemas["OfferedLine"];
export type LineState = Schemas["LineState"];
export type TriedNumber = Schemas["TriedNumberView"];

/** What every object of the set-up has beside its own fields. */
export type Stored = Pick<
  Schemas["SkillObject"],
  "id" | "version" | "position" | "created_at" | "updated_at" | "archived_at"
>;

export interface SetupKinds {
  queues: Queue;
  skills: Skill;
  teams: Team;
  sites: Site;
  dispositions: Disposition;
  reasons: Reason;
  hours: Hours;
  "entry-points": EntryPoint;
  "canned-replies": CannedReply;
  "consent-texts": ConsentText;
  labels: Label;
  "reject-reasons": RejectReason;
  flows: Flow;
  "alert-rules": AlertRule;
  trunks: Trunk;
  phones: Phone;
  "ring-groups": RingGroup;
  "recording-rules": RecordingRule;
  "quality-forms": QualityForm;
  "quality-samples": QualitySample;
  connections: Connection;
  webhooks: Webhook;
  mailboxes: Mailbox;
  prompts: Prompt;
  "contact-lists": ContactList;
  campaigns: Campaign;
  fields: Field;
}
export type SetupKind = keyof SetupKinds;

/** Live events by their type. (docs/api.md) */
export interface LiveEvents {
  "offer.made": Offer;
  "offer.ended": {
    id: string;
    interaction: string;
    outcome: "accepted" | "declined" | "expired" | "revoked";
  };
  "interaction.changed": Interaction;
  "agent.changed": AgentView;
  "interaction.left": { id: string };
  "agent.left": { id: string };
  "queue.changed": QueueView;
  "day.changed": DayQueue;
  "alert.changed": Alert;
  "alerts.changed": Record<string, never>;
  "security_alert.changed": SecurityAlert;
  "call.changed": CallState;
  "handed.changed": Handed;
  "voicemail.changed": Record<string, never>;
  "email.changed": { interaction: string };
  "evaluation.changed": Record<string, never>;
  "parked.changed": Record<string, never>;
  "shelved.changed": Record<string, never>;
  "message.added": Message;
  "message.marks": { interaction: string } & Marks;
  typing: { interaction: string; author_kind: string; author?: string };
  "setup.changed": { kind: string; id: string };
  "photos.changed": Record<string, never>;
  "support.changed": Record<string, never>;
  "session.ended": { reason: string };
}
export type NewTOTP = Schemas["NewTOTP"];
export type SecondStep = Schemas["SecondStep"];
export type SignOn = Schemas["SignOnView"];
export type ClaimRole = Schemas["ClaimRole"];
export type Provisioning = Schemas["ProvisioningView"];
export type ProviderTrial = Schemas["ProviderTrial"];
/** A custom field, with every member: what is left out of a new one has its default. */
export type Field = Required<Omit<Schemas["Field"], "$schema">>;
export type FieldEntity = Field["entity"];
export type FieldValue = Schemas["FieldValue"];
export type FieldAdvice = Schemas["FieldAdvice"];
