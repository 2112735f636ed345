import type * as english from '../english/handouts'
import type { Said } from '../languages'

export default {
  handouts: {
    title: 'Skript zum Drucken',
    lead: 'Abbildungen, Gleichungen, Code und Fragen; die Antworten stehen am Ende. Es passt auf A4 und Letter.',
    print: 'Drucken oder als PDF speichern',
    drawing: (number, count) => `Abbildung ${number} von ${count} wird gezeichnet…`,
    book: 'Generative Modelle zum Drehen und Wenden',
    bookLead: (lessons) => `Das Skript aller ${lessons} Lektionen, mit Abbildungen, Gleichungen, Code, Fragen und Antworten. Jede Abbildung zeichnet die Szene der Lektion selbst.`,
    contents: 'Inhalt',
    figure: (number) => `Abbildung ${number}.`,
    questions: 'Fragen',
    answers: 'Antworten',
    arrange: 'Bringen Sie dies in die richtige Reihenfolge.',
    between: (from, to) => `Eine Zahl von ${from} bis ${to}: ________`,
    listLead: 'Jede Lektion auf Papier: ihr Text, Abbildungen aus ihrer Szene, Gleichungen, Code und Fragen mit den Antworten am Ende. Nehmen Sie das PDF, oder öffnen Sie die Seite, um sie nach Wunsch zu drucken.',
    page: 'Seite zum Drucken',
    pdf: (pages, megabytes) => `PDF, ${pages} ${pages === 1 ? 'Seite' : 'Seiten'}, ${megabytes} MB`,
    asBook: 'Alle Lektionen als ein Buch',
    chapters: 'Kapitel für Kapitel',
  },
} satisfies Said<typeof english>
