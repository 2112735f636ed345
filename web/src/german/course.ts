import type * as english from '../english/course'
import type { Said } from '../languages'

export default {
  course: {
    title: 'Lektionen',
    lead: 'Jede Lektion hat eine Szene zum Spielen, einfache Worte und am Ende Fragen. Die Mathematik und der Code, der sie ausführt, kommen auf Wunsch dazu.',
    needs: (lessons) => `Nach: ${lessons}`,
    nothing: 'Setzt nichts voraus',
    price: (chapters, minutes) => (chapters > 1 ? `${chapters} Kapitel, ${minutes} Minuten mit den Fragen` : `${minutes} Minuten mit den Fragen`),
    begin: 'Öffnen',
    goOn: 'Weiter',
    answered: (answered, total) => `${answered} von ${total} Fragen beantwortet`,
    englishOnly: 'Diese Lektion gibt es nur auf Englisch.',
    all: 'Alle Lektionen',
    kicker: 'Lektion',
    of: {
      vae: { title: 'Autoencoder und VAEs', says: 'Ziehen Sie einen Punkt über einen Teppich dekodierter Ziffern, mit der Ellipse eines jeden Bildes. Der Preis eines Bits lässt den Teppich verschmelzen oder reißen.' },
      pixels: { title: 'Autoregressive Modelle', says: 'Eine Ziffer entsteht Pixel für Pixel, mit Balken für das nächste. Überstimmen Sie eines, und der Rest wird anders; setzen Sie viele auf einmal, und es ist maskierte Diffusion.' },
      evaluation: { title: 'Bewertung', says: 'Verderben Sie perfekte Bilder durch Unschärfe, eine fehlende Ziffer oder Kopien, und sehen Sie, welches Maß es merkt. Schon weniger Bilder machen eines davon schlechter.' },
      numbers: { title: 'Bilder als Zahlen', says: 'Zum Aufwärmen, ohne Vorwissen: Was ist ein Bild für einen Computer, und was ist eine Verteilung?' },
      diffusion: { says: 'Vom reinen Rauschen zum Bild: wie Rauschen hinzukommt, wie ein Netz lernt, es herauszunehmen, und wie Worte es lenken.' },
      flow: { says: 'Gerade Linien vom Rauschen zu den Daten kreuzen sich, darum biegt sich der gelernte Fluss. Machen Sie ihn gerade, und ein Schritt genügt.' },
      video: { title: 'Video und Weltmodelle', says: 'Ein Clip ist ein Block aus Raum und Zeit. Halten Sie seine Bilder zusammen, setzen Sie ein Bild fort, das Sie zeichnen, und steuern Sie, was als Nächstes kommt.' },
      latent: { title: 'Latente Diffusion', says: 'Drücken Sie eine Zeichnung zusammen und sehen Sie, was verloren geht, malen Sie auf dem Latent, und lassen Sie Pixel gegen Latents laufen.' },
      few: { title: 'Wenige Schritte', says: 'Bringen Sie einen langen Weg einem Schüler bei, der springt, sehen Sie, wo ein Sprung reißt, und lassen Sie Punkte ohne Rauschstufen zu den Daten treiben.' },
      gan: { says: 'Fälscher und Kritiker spielen gegeneinander. Sehen Sie zu, wie eine Wolke gefälschter Punkte von Haufen zu Haufen springt, und bringen Sie sie zur Ruhe.' },
    },
  },
} satisfies Said<typeof english>
