import { catalogue } from "$ui/i18n.svelte";

// What the tenants below used in a month, one beside the other.
export const text = catalogue(
  {
    title: "Use of a month",
    what: "What each tenant below you used, counted once an hour. Amounts only: you never see people or what was said.",
    find: "Name or short name",
    order: "In order of",
    name: "Name",
    turned: "The other way round",
    all: { one: "{count} tenant", other: "All {count} tenants" },
    nothing: "Nothing was counted in this month",
    nothingText: "Choose another month. The first figures of a new organisation come within the hour.",
    notFound: "No tenant that was counted in this month is like this.",
    tenant: "Tenant",
  },
  {
    title: "Uso de um mês",
    what: "O que cada organização abaixo da sua usou, contado de hora a hora. Só quantidades: nunca vê pessoas nem o que se disse.",
    find: "Nome ou nome curto",
    order: "Por ordem de",
    name: "Nome",
    turned: "Ao contrário",
    all: { one: "{count} organização", other: "Todas as {count} organizações" },
    nothing: "Nada foi contado neste mês",
    nothingText: "Escolha outro mês. Os primeiros números de uma organização nova chegam dentro de uma hora.",
    notFound: "Nenhuma organização contada neste mês é assim.",
    tenant: "Organização",
  },
);
