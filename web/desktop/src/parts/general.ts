import Headphones from "@lucide/svelte/icons/headphones";
import Headset from "@lucide/svelte/icons/headset";
import Voicemail from "@lucide/svelte/icons/voicemail";
import Search from "@lucide/svelte/icons/search";
import LayoutDashboard from "@lucide/svelte/icons/layout-dashboard";
import Settings from "@lucide/svelte/icons/settings";
import Shield from "@lucide/svelte/icons/shield";
import Cable from "@lucide/svelte/icons/cable";
import Building2 from "@lucide/svelte/icons/building-2";
import User from "@lucide/svelte/icons/user";
import Keyboard from "@lucide/svelte/icons/keyboard";
import LogOut from "@lucide/svelte/icons/log-out";
import Moon from "@lucide/svelte/icons/moon";
import Sun from "@lucide/svelte/icons/sun";
import ClipboardCheck from "@lucide/svelte/icons/clipboard-check";
import Bell from "@lucide/svelte/icons/bell";
import Globe from "@lucide/svelte/icons/globe";
import type { Component } from "svelte";
import type { Command } from "$ui/command.svelte";
import { locale } from "$ui/i18n.svelte";
import { toasts } from "$ui/toast.svelte";
import { asProblem } from "../api/client";
import type { Permission } from "../api/types";
import { text } from "../messages/app";
import { text as calls } from "../messages/calls";
import { preferences } from "../state/preferences.svelte";
import { router } from "../state/router.svelte";
import { session } from "../state/session.svelte";
import { voicemail } from "../state/voicemail.svelte";
import { shell } from "../state/shell.svelte";

export interface Place {
  path: string;
  label: string;
  icon: Component<{ size?: number; "aria-hidden"?: "true" }>;
}

/** Where this user may go. */
export function places(): Place[] {
  const all: (Place & { permission: Permission })[] = [
    { path: "/desk", label: text("desk"), icon: Headset, permission: "desk.use" },
    { path: "/room", label: text("room"), icon: LayoutDashboard, permission: "floor.watch" },
    { path: "/conversations", label: text("search"), icon: Search, permission: "work.search" },
    { path: "/quality", label: text("quality"), icon: ClipboardCheck, permission: "quality.read" },
    { path: "/setup", label: text("setup"), icon: Settings, permission: "setup.write" },
    { path: "/privacy", label: text("privacy"), icon: Shield, permission: "privacy.read" },
    {
      path: "/organisations",
      label: text("organisations"),
      icon: Building2,
      permission: "organisation.read",
    },
    { path: "/lines", label: text("lines"), icon: Cable, permission: "system.read" },
  ];
  // Only who has a mailbox with something in it need know of it.
  if (voicemail.any)
    all.push({ path: "/messages", label: text("messages"), icon: Voicemail, permission: "desk.use" });
  const support = session.me?.support; // who is let in to look, may look
  return all.filter(
    (p) => session.may(p.permission) || (support && p.path === "/setup" && session.may("setup.read")),
  );
}

/** What can be done everywhere. */
export function generalCommands(): Command[] {
  const go = places().map((place, index) => ({
    id: `go-${place.path}`,
    group: text("goTo"),
    label: place.label,
    icon: place.icon,
    keys: `Alt+Shift+${index + 1}`,
    run: () => router.go(place.path),
  }));
  const dark = document.documentElement.dataset.theme === "dark";
  const group = text("general");
  return [
    {
      id: "palette",
      group,
      label: text("palette"),
      keys: "Ctrl+K",
      keyOnly: true,
      run: () => (shell.palette = true),
    },
    ...go,
    {
      id: "account",
      group: text("goTo"),
      label: text("account"),
      icon: User,
      run: () => router.go("/account"),
    },
    {
      id: "help",
      group,
      label: text("shortcuts"),
      icon: Keyboard,
      keys: "?",
      run: () => (shell.help = true),
    },
    ...(session.may("desk.use")
      ? [
          {
            id: "headset",
            group,
            label: calls("headset"),
            icon: Headphones,
            run: () => (shell.headset = true),
          },
        ]
      : []),
    {
      id: "theme",
      group,
      label: dark ? text("themeLight") : text("themeDark"),
      hint: text("theme"),
      icon: dark ? Sun : Moon,
      run: () => preferences.setTheme(dark ? "light" : "dark"),
    },
    {
      id: "sound",
      group,
      label: preferences.sound ? text("soundOff") : text("soundOn"),
      icon: Bell,
      run: () => preferences.setSound(!preferences.sound),
    },
    {
      id: "language",
      group,
      label: locale.language === "en" ? text("portuguese") : text("english"),
      hint: text("language"),
      icon: Globe,
      run: () => preferences.setLanguage(locale.language === "en" ? "pt" : "en"),
    },
    { id: "sign-out", group, label: text("signOut"), icon: LogOut, run: signOut },
  ];
}

export function signOut(): void {
  session.signOut().catch((error) => toasts.problem(asProblem(error).message));
}
