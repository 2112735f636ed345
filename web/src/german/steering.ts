import type * as english from '../english/steering'
import type { Said } from '../languages'
import { fixed } from '../numbers'

const number = (value: number, digits = 2) => value.toLocaleString('de', { maximumFractionDigits: digits })
const seconds = (milliseconds: number) => `${fixed(milliseconds / 1000, milliseconds < 995 ? 2 : 1)} s`

export default {
  labels: {
    view: 'Ansehen',
    views: { guidance: 'Der Guidance-Regler', words: 'Wörter', brush: 'Ein Pinsel', latent: 'Ein kleinerer Raum' },
    scene: 'Dieselben Seeds bei wachsender Guidance',
    weight: (w) => `w = ${number(w)}`,
    marked: (w) => `▸ w = ${number(w)}`,
    ignored: '0: übergangen',
    most: '8: über allem',
    wish: 'Die Ziffer, die Sie wollen',
    other: 'Die andere Ziffer',
    two: 'Zwei Ziffern nebeneinander',
    asked: (digit) => `verlangt: ${digit}`,
    meaning: (w) => (w === 0 ? 'übergangen' : w === 1 ? 'einfach' : w < 1 ? 'zum Teil' : 'gedrückt'),
    cost: (calls, milliseconds) => `${calls} Aufrufe, ${seconds(milliseconds)}`,
    counting: (w, calls, total) => `w = ${number(w)}: ${calls} von ${total} Aufrufen …`,
    wall: (count, digit, w) => `${count} Seeds, verlangt: ${digit}, Guidance ${number(w)}.`,
    table: 'Was Guidance kostet',
    columns: { calls: 'Aufrufe', variety: 'Vielfalt' },
    variety: (share) => `${fixed(100 * share, 1)} %`,
    varietyMeans: 'Vielfalt, an diesen 16 Bildern gemessen: wie weit jedes vom ähnlichsten entfernt ist, als Anteil des Wegs von Schwarz nach Weiß.',
    described: (wish, dial, rows) => `Acht Seeds nebeneinander, eine Zeile für jede Guidance ${rows}, verlangt: ${wish}. Die Zeile w = ${number(dial)} ist markiert.`,
    describedTwo: (first, second, dial, rows) =>
      `Vier Seeds, links verlangt: ${first}, dieselben vier rechts: ${second}, eine Zeile für jede Guidance ${rows}. Die Zeile w = ${number(dial)} ist markiert.`,
    latent: 'Ein Bild und sein Latent, maßstäblich',
    side: 'Seite des Bildes',
    pixels: (side) => `${number(side)} Pixel`,
    factor: 'Der Autoencoder macht jede Seite kleiner um',
    channels: 'Zahlen an jeder Stelle des Latents',
    sizes: (side, depth) => `${number(side)} × ${number(side)} × ${depth}`,
    numbers: (count) => `${number(count)} Zahlen`,
    picture: 'Bild',
    hidden: 'Latent',
    encoder: 'Encoder',
    decoder: 'Decoder',
    here: 'die Wanderung bleibt hier drin',
    fewer: 'Weniger um',
    rows: { numbers: 'Zahlen', places: 'Stellen', pairs: 'Paare von Stellen, für Attention' },
    ratio: (ratio) => `${number(ratio)}×`,
    toScale: 'Die Blätter sind maßstäblich, eines für jede Zahl an einer Stelle; nur die Lücken dazwischen sind zur Ansicht.',
    latentDescribed: (side, depth, ratio) =>
      `Drei große Blätter, die Farben eines Bildes, neben ${depth} kleinen mit der Seite ${number(side)}, seinem Latent: ${number(ratio)}-mal weniger Zahlen.`,
  },
  prompt: {
    empty: 'Keine Wörter: Das Modell zeichnet, was es mag, wie auch immer der Regler steht.',
    whole: 'Das Modell kennt jedes dieser Wörter. (Es liest Englisch.)',
    parts: (words) => `Im Training kaum gelesen, darum aus Stücken buchstabiert: ${words.join(', ')}.`,
    unknown: (words) => `Nie gesehen und übergangen: ${words.join(', ')}.`,
    unread: (words) => `Jenseits dessen, was es liest: ${words.join(' ')}.`,
    examples: (seen) => (seen ? 'Damit trainiert:' : 'Nie damit trainiert:'),
  },
  wordly: {
    say: 'Zeichne ein Emoji von (auf Englisch)',
    most: '6: über allem',
    counting: (w, calls) => `w = ${number(w)}: Aufruf ${calls} …`,
    picture: (text, w, seed) => `„${text}“, gezeichnet mit Guidance ${number(w)} vom Seed ${seed}`,
    film: (w) => `Die Wanderung bei w = ${number(w)}`,
    seen: (step) => (step ? `Das Bild nach ${number(step)} ${step === 1 ? 'Schritt' : 'Schritten'}` : 'Das Rauschen, mit dem sie beginnt'),
    guessed: (step) => `Die Schätzung, die zu Schritt ${step} führte`,
    filmMeans: 'Oben das verrauschte Bild auf seiner Wanderung; unten die Schätzung in diesem Moment, mit Wörtern und Guidance.',
    credit: 'Das Modell hat aus den Zeichnungen von OpenMoji (openmoji.org), CC BY-SA 4.0, gelernt.',
  },
  brush: {
    first: 'Das Emoji, das sich ändern soll',
    into: 'Was Sie übermalen, wird Teil von',
    paint: 'Übermalen Sie, was sich ändern soll',
    result: 'Neu gezeichnet',
    pad: 'Das Emoji, um darauf zu malen',
    keys: 'Auch mit Tasten: Pfeile bewegen den Pinsel, die Leertaste malt, Umschalt mit Pfeil malt eine Linie.',
    under: (column, row, painted) => `Spalte ${column}, Zeile ${row}, ${painted ? 'bemalt' : 'nicht bemalt'}`,
    described: (from, into, area) => `„${from}“, davon ${number(area)} Pixel neu gezeichnet als „${into}“`,
    base: (calls) => `Das Emoji: Aufruf ${calls} …`,
    filling: (calls) => `Das Bemalte: Aufruf ${calls} …`,
    kept: (outside, equal) =>
      outside === equal ? `${number(outside)} Pixel behalten, jedes in jedem Bit gleich.` : `${number(equal)} von ${number(outside)} behaltenen Pixeln sind in jedem Bit gleich.`,
    size: 'Seine Größe',
    sizes: [['3', 'fein'], ['5', 'mittel'], ['9', 'breit']],
    tool: 'Der Pinsel',
    tools: [['0', 'malt'], ['1', 'wischt weg']],
    undo: 'Rückgängig',
    clear: 'Leeren',
  },
  text: {
    title: 'Steuern',
    lead: 'Bisher hat das Rauschen entschieden, was herauskam. Nun sagen Sie, was Sie wollen, und wie sehr Sie es wollen.',
    sections: [
      {
        heading: 'Sagen, was man will',
        text: [
          'Neben dem verrauschten Bild und seinem Rauschniveau bekommt das Netz noch etwas: eine [[condition|Bedingung]]. Hier ist es die [[class|Klasse]] der Ziffer. Die Frage wird: *Was war das vor dem Rauschen, wenn es eine Drei ist?* Die Schätzungen neigen sich zu Dreien, und mit ihnen die ganze Wanderung. Schalten Sie „Zwei Ziffern nebeneinander“ ein. Das Rauschen ist gleich und nur die Klasse verschieden; oft bleiben Neigung und Stärke der Striche gleich.',
        ],
      },
      {
        heading: 'Es in Worten sagen',
        text: [
          'Zehn Klassen können zehn Dinge sagen. Ein [[prompt|Prompt]] sagt mehr, denn Wörter lassen sich verbinden. [Sehen Sie „Wörter“ an](steering.view=words&steering.say=penguin): Ein zweites Modell, mit vier Millionen Gewichten, zeichnet Emoji von 32 × 32 Pixeln aus dem, was Sie tippen. Der Text wird in [[token|Token]] zerlegt: ganze Wörter, wenn sie häufig sind, Stücke, wenn sie selten sind. Ein kleines Textnetz macht daraus Reihen von Zahlen. Bei jedem Aufruf sieht jede Stelle des Bildes durch [[attention|Attention]] auf die Wörter, die für sie wichtig sind. Sonst ändert sich nichts: nicht das Rauschen, nicht die Wanderung, nicht der Regler.',
          'Sehen Sie die untere Reihe des Films an, mit dem Regler auf w = 1: reine Schätzungen, ohne Verstärkung. Die erste Schätzung [eines Pinguins](steering.view=words&steering.say=penguin&steering.words-w=1) ist unscharf: Das Modell ist nicht sicher, darum schätzt es ein Mittel, und die Seeds geben verschiedene Pinguine. Die erste Schätzung [eines roten Herzens](steering.view=words&steering.say=red+heart&steering.words-w=1) ist schon das fertige Herz, für jeden Seed. Die Wörter lassen nichts offen, denn das Modell hat diese eine Zeichnung auswendig gelernt. Bei wenigen Beispielen geschieht das leicht.',
          'Mit manchen Prompts wurde **nie trainiert**. Das Modell hat Blaues und Kreise gesehen, aber [keinen blauen Kreis](steering.view=words&steering.say=blue+circle&steering.words-w=3). Wenn es einen zeichnet, hat es ihn nicht nachgeschlagen; es hat zwei Wörter zusammengesetzt. Das gelingt nicht immer: Sein [violettes Herz](steering.view=words&steering.say=purple+heart&steering.words-w=3) wird beinahe grau. Das Modell hat aus 3.860 Zeichnungen gelernt. Große Modelle lernen aus Hunderten Millionen Bildern mit Beschreibung.',
          'Und ohne Wörter? Auch das ist eine Bedingung. Im Training wurde eine von zehn Beschreibungen weggelassen, darum bedeutet ein leerer Prompt „irgendetwas“. Die [[guidance|Guidance]] drückt von dieser Schätzung weg.',
        ],
      },
      {
        heading: 'Der Guidance-Regler',
        text: [
          'Ein Modell folgt seiner Bedingung oft nur wenig. Darum wurde die Klasse im Training manchmal durch die [[null class|Nullklasse]] ersetzt, „keine“. Nun gibt ein Netz zwei Schätzungen: mit der Bedingung und ohne. Ihr Unterschied zeigt auf das, *was die Bedingung ändert*, und [[classifier-free guidance|klassifikatorfreie Guidance]] geht weiter in diese Richtung. Das kostet in jedem Schritt einen zweiten Aufruf. Der Name sagt, dass kein eigener Klassifikator steuert. Er sagt **nicht**, dass es keine Bedingung gibt.',
          'Diese Seite und das Paket zählen so: **w = 0 übergeht die Bedingung, w = 1 ist die einfache Schätzung mit ihr, mehr drückt darüber hinaus.** (Manche Aufsätze und Programme nennen unsere 1 ihre 0. Sehen Sie nach, bevor Sie eine Zahl abschreiben.)',
          '[Drehen Sie den Regler](steering.view=guidance&steering.w=5) und sehen Sie, was verloren geht. Die Ziffern werden einander ähnlicher; seltene Arten, eine Drei zu schreiben, gehen zuerst. Die Tabelle misst es. Wenn Sie stark drücken, werden die Striche härter als die jeder echten Ziffer, denn nichts hält eine gestreckte Schätzung in der Nähe echter Bilder. Für Bilder aus Text nimmt man oft eine Guidance von etwa 3 bis 8.',
          'Mit Wörtern können Sie es an einem Bild sehen. [„Wörter“](steering.view=words&steering.words-w=3) zeichnet drei Bilder vom selben Rauschen: Wörter übergangen, einfach und gedrückt. Die drei beginnen gleich, und dann trennen sie sich.',
        ],
        equations: [{ says: 'Die Schätzung ohne die Bedingung, plus w mal das, was die Bedingung ändert.' }],
      },
      {
        heading: 'Ein kleinerer Raum zum Wandern',
        text: [
          'Ein Farbbild von 512 × 512 Pixeln sind 786.432 Zahlen. Die meisten sagen wenig, was ihre Nachbarn nicht schon gesagt haben. **Latente Diffusion** trainiert zuerst einen [[autoencoder|Autoencoder]]. Seine eine Hälfte presst ein Bild auf 64 × 64 Stellen mit je 4 Zahlen zusammen, 48-mal weniger. Die andere Hälfte entfaltet sie wieder. Dann geschieht alles aus dieser Lektion in diesem [[latent|latenten]] Raum: Rauschen, Schätzungen, Schritte. Der Decoder läuft einmal, am Ende. [Sehen Sie „Ein kleinerer Raum“ an](steering.view=latent).',
          'Die Ersparnis ist größer als 48. Bei [[attention|Attention]] sieht jede Stelle auf jede andere, die Kosten wachsen also mit dem *Quadrat* der Zahl der Stellen: 64-mal weniger Stellen machen 4.096-mal weniger Paare. Das hat einen Preis. Was der Autoencoder nicht entfalten kann, kann keine Wanderung zurückbringen. Kleine Gesichter und kleine Schrift zeigen es.',
        ],
        equations: [{ says: 'Der Faktor 8 zählt zweimal, für Höhe und Breite; aus 3 Farben werden 4 Zahlen.' }],
      },
      {
        heading: 'Ein übermaltes Stück neu zeichnen',
        text: [
          '[[inpainting|Inpainting]] braucht kein neues Modell und kein Training. [Sehen Sie „Ein Pinsel“ an](steering.view=brush): Ein Pinguin bekommt den Kopf des Weihnachtsmanns. Die Wanderung beginnt überall bei reinem Rauschen. Aber wo das Bild bekannt ist, ersetzt das bekannte Bild in jedem Schritt die Schätzung. Dort führt die Wanderung geradewegs zu dem, was bekannt war. Das übermalte Stück muss geschätzt werden. Auf jedem Rauschniveau sieht es das bekannte Stück neben sich, darum schätzt es, was passt: Ein Umriss geht weiter, eine Farbe wird aufgenommen.',
          'Was Sie nicht übermalt haben, kommt **in jedem Bit gleich** zurück; unter dem Bild wird es gezählt. Die Wörter gelten nur für das übermalte Stück. Aber beschreiben Sie das *ganze* Bild, das Sie wollen, denn das Modell schätzt es als Ganzes.',
        ],
        equations: [{ says: 'Pixel für Pixel: die Schätzung des Modells, wo die Maske m gleich 1 ist, das Bekannte, wo sie 0 ist.' }],
      },
      {
        heading: 'Ein Bild ändern, ein Video machen',
        text: [
          'Um ein Bild zu ändern, mischen Sie nur ein Stück weit Rauschen bei und wandern von dort mit einer neuen Bedingung zurück. Je mehr Rauschen, desto freier die Änderung.',
          'Ein Video hat eine Achse mehr. Die Einzelbilder werden zusammen entrauscht, und Attention läuft durch die Zeit und quer durchs Bild. Klänge, Moleküle und die Bewegungen eines Roboters werden ebenso gemacht. Das Netz ändert sich, und was seine Zahlen bedeuten. Die Wanderung ist die, welche Sie gesehen haben.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
