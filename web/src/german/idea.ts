import type * as english from '../english/idea'
import type { Said } from '../languages'
import { fixed } from '../numbers'

export default {
  labels: {
    scene: 'Eine Wolke von Punkten',
    shape: 'Form',
    shapes: { 'torus-knot': 'Torusknoten', spiral: 'Spirale', helix: 'Helix', roll: 'Biskuitrolle', own: 'Eigene' },
    time: 'Zeit t',
    data: 'Daten',
    noise: 'reines Rauschen',
    dissolve: 'Auflösen',
    back: 'Zurückholen',
    way: 'Zeigen',
    ways: { there: 'Der Hinweg', back: 'Der Rückweg' },
    paths: 'Einzelne Wege zeigen',
    again: 'Neues Rauschen',
    type: 'Einen oder zwei Buchstaben tippen',
    draw: 'oder hier zeichnen',
    clear: 'Leeren',
    pad: 'Eine Fläche, um eine Form mit Finger oder Maus zu zeichnen',
    counted: (points, seconds) => `${points} Punkte, 20 Schritte: ${seconds} s in diesem Browser.`,
    described: (shape, t, back) =>
      back
        ? `Punkte, die als Rauschen begannen, auf dem Weg zur Form „${shape}“, zur Zeit ${fixed(t, 2)}.`
        : `Die Form „${shape}“ aus 20.000 Punkten, mit Rauschen gemischt, zur Zeit ${fixed(t, 2)}.`,
  },
  text: {
    title: 'Die Idee',
    short: 'Idee',
    lead: 'Rauschen ist leicht zu machen. Wer lernt, Schritt für Schritt vom Rauschen zurückzugehen, kann alles machen, wofür es Beispiele gibt.',
    sections: [
      {
        heading: 'Hin: Das kann jeder',
        text: [
          'Ziehen Sie am Zeitregler, oder [setzen Sie t auf 0,5](idea.way=there&idea.t=0.5). Jeder Punkt der Form treibt zu einem eigenen Platz in einer runden Kugel. Hier wird nichts gelernt. Jeder Punkt wird mit [[noise|Rauschen]] gemischt, in jedem Augenblick ein wenig mehr. Das ist der [[forward process|Vorwärtsprozess]].',
          '[Am Ende](idea.way=there&idea.t=1) kann niemand den Knoten von der Spirale unterscheiden. Womit man auch beginnt, man endet bei derselben Kugel, dicht in der Mitte und dünn außen: einer [[Gaussian|Gauß-Verteilung]]. Darum ist die erste Hälfte nützlich. Neue Punkte aus einer Gauß-Verteilung zu ziehen, ist leicht.',
        ],
        equations: [{ says: 'Was man zur Zeit t sieht, sind die Daten, mit Alpha verkleinert, plus Rauschen, mit Sigma skaliert.' }],
      },
      {
        heading: 'Zurück: Schätzen und einen kleinen Schritt gehen',
        text: [
          '[Holen Sie die Form zurück](idea.way=back&idea.t=0). Die Seite streut neue Punkte zufällig aus. Keiner davon war je ein Teil der Form. In jedem Schritt stellt jeder Punkt eine Frage: *Wo könnte ich vor dem Rauschen im Mittel gewesen sein?* Die Antwort heißt [[guess|Schätzung]]; was sie liefert, heißt [[denoiser|Entrauscher]]. Der Punkt geht einen kleinen Schritt auf die Schätzung zu. Dann fragt er wieder.',
          '[Sehen Sie einzelne Wege an](idea.way=back&idea.paths=1&idea.t=0). Kein Punkt geht an seinen alten Platz zurück, denn er hat keinen. Die Form kehrt als Ganzes zurück: Die Schätzungen kennen die [[distribution|Verteilung]]: wo viele Punkte sind und wo wenige. Die Punkte kennen sie nicht. Darum macht ein Diffusionsmodell neue Bilder; es schlägt keine alten nach.',
        ],
        equations: [{ says: 'Die beste Schätzung des sauberen Punkts: das Mittel über alles, was er gewesen sein könnte.' }],
      },
      {
        heading: 'Was noch zu lernen ist',
        text: [
          'Diese Form besteht aus einigen hundert Klecksen. Für sie lässt sich die beste Schätzung genau berechnen, und das tut diese Seite. Für Bilder kann das niemand: Es sind zu viele, und wir haben nur Beispiele. Also lernt ein [[network|Netz]] zu schätzen, aus Beispielen, denen Rauschen beigemischt ist. Die nächsten Kapitel bauen es: das Rauschen, den Rückweg, das Netz, sein Training, die Sampler, die wenige Schritte brauchen, die Arten zu sagen, was man will, und was die Welt daraus macht.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
