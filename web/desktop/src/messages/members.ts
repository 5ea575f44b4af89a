import { catalogue } from "$ui/i18n.svelte";

// Texts about where users belong, and about the members of a queue.
export const text = catalogue(
  {
    belongs: "Team and site",
    belongsHint: "Queues can take their members from them. Both may stay empty.",
    site: "Site",
    noSite: "None",
    teams: "Teams",
    noTeams: "There are no teams yet.",
    allTeams: "All teams",
    allSites: "All sites",
    byTeam: "Team",
    bySite: "Site",
    users: { one: "1 user", other: "{count} users" },
  },
  {
    belongs: "Equipa e local",
    belongsHint: "As filas podem tirar daqui os seus membros. Ambos podem ficar vazios.",
    site: "Local",
    noSite: "Nenhum",
    teams: "Equipas",
    noTeams: "Ainda não há equipas.",
    allTeams: "Todas as equipas",
    allSites: "Todos os locais",
    byTeam: "Equipa",
    bySite: "Local",
    users: { one: "1 utilizador", other: "{count} utilizadores" },
  },
);
