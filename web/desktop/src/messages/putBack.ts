import { catalogue } from "$ui/i18n.svelte";

// Texts of putting back what was there before something was saved, and of what cannot be put back.
export const text = catalogue(
  {
    undo: "Undo",
    undone: "All is as it was before.",
    overtaken: "Nothing was undone: someone else has changed it since.",
    refused: "Nothing was undone. {why}",
    others: "This was saved by someone else, who alone can undo it here.",
    again: "Try again",
    eraseTitle: "Erase what is older?",
    eraseText: "By these rules less is kept than until now:",
    erase_conversation_days: "Conversations: {after} days instead of {before}",
    erase_record_days: "Records: {after} days instead of {before}",
    erase_audit_days: "The audit log: {after} days instead of {before}",
    eraseAfter:
      "What is older is erased within minutes of saving, except what is on legal hold. Nothing brings it back, so this cannot be undone.",
    eraseSave: "Save and erase",
  },
  {
    undo: "Desfazer",
    undone: "Está tudo como antes.",
    overtaken: "Nada foi desfeito: outra pessoa alterou isto entretanto.",
    refused: "Nada foi desfeito. {why}",
    others: "Isto foi guardado por outra pessoa; só ela o pode desfazer aqui.",
    again: "Tentar de novo",
    eraseTitle: "Apagar o que é mais antigo?",
    eraseText: "Com estas regras guarda-se menos do que até agora:",
    erase_conversation_days: "Conversas: {after} dias em vez de {before}",
    erase_record_days: "Registos: {after} dias em vez de {before}",
    erase_audit_days: "Registo de auditoria: {after} dias em vez de {before}",
    eraseAfter:
      "O que é mais antigo é apagado poucos minutos depois de guardar, exceto o que está sob retenção legal. Nada o traz de volta, por isso isto não se pode desfazer.",
    eraseSave: "Guardar e apagar",
  },
);
