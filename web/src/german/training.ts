import type * as english from '../english/training'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const percent = (share: number) => `${fixed(100 * share, 1)} %`
const three = (value: number) => fixed(value, 3)
const thousands = (images: number) => (images < 1000 ? String(Math.round(images)) : `${number(Math.round(images / 1000))}k`)
const sets = { seen: 'Bilder, mit denen es trainiert', held_out: 'Bilder, die es nie sieht' }
const names = { diffusion: 'Diffusion', vae: 'VAE', gan: 'GAN' }

export default {
  labels: {
    scene: 'Der Fehler auf jedem Rauschniveau, Moment für Moment',
    view: 'Ansehen',
    views: { run: 'Ein ganzer Lauf', step: 'Ein Schritt von Hand', plane: 'Selbst eines trainieren', beside: 'Ein GAN und ein VAE daneben' },
    at: (images, seconds) => (images ? `${number(images)} Bilder, ${fixed(seconds, 0)} s` : 'noch nicht begonnen'),
    before: 'vorher',
    after: 'Ende',
    show: 'Zeigen',
    shows: { samples: 'Was es zeichnet', error: 'Seinen Fehler, Niveau für Niveau' },
    set: 'Fehler auf',
    sets,
    axis: { t: 'Zeit t des Rauschniveaus', error: 'Fehler des geschätzten Rauschens' },
    sofar: (images) => (images ? `nach ${thousands(images)} Bildern` : 'vor dem Training'),
    ofSet: (set) => sets[set],
    thousands,
    samples: (count) => `Dieselben ${count} Seeds, nacheinander nach 0 bis 9 gefragt, in diesem Moment`,
    framed: 'Unter jedem Bild steht die verlangte Ziffer. Ein Rahmen zeigt, dass es sich nicht als diese lesen lässt.',
    samplesDescribed: (count, images, read) => `${count} Bilder, gezeichnet nach ${number(images)} Bildern Training; ${read} davon lesen sich als die verlangte Ziffer.`,
    rows: {
      loss: 'Trainingsverlust seit dem Moment davor',
      seen: 'Mittlerer Fehler, Bilder aus dem Training',
      held_out: 'Mittlerer Fehler, nie gesehene Bilder',
      read: 'Bilder, die sich als die verlangte Ziffer lesen',
      near: 'Von einem Bild zum ähnlichsten Trainingsbild',
    },
    three,
    percent,
    none: 'noch keiner',
    read: (read, count) => `${read} von ${count}`,
    how: (real, classifier) =>
      `Gelesen von einem Klassifikator, der bei ${percent(classifier)} der echten Ziffern richtig liegt. Abstände sind Anteile des Wegs von Schwarz nach Weiß; eine echte, nie gesehene Ziffer ist ${percent(real)} vom ähnlichsten Trainingsbild entfernt.`,
    curve: 'Derselbe Lauf auf gleichmäßiger Achse: mittlerer Fehler gegen gesehene Bilder',
    curveDescribed: (moments) =>
      `Mittlerer Fehler des geschätzten Rauschens, ${moments.map(({ images, seen, held_out }) => `nach ${number(images)} Bildern ${three(seen)} auf Trainingsbildern und ${three(held_out)} auf nie gesehenen`).join('; ')}.`,
    level: 'Rauschniveau, Zeit t',
    little: 'wenig Rauschen',
    much: 'viel Rauschen',
    clean: 'eine Ziffer',
    thrown: 'beigemischtes Rauschen',
    goesIn: 'geht hinein',
    guess: 'geschätztes Rauschen',
    difference: 'Unter\u00ADschied',
    error: (error) => `Fehler ${three(error)}`,
    compared: (mean, batch, expected) =>
      `${batch === 1 ? 'Der quadratische Fehler, gemittelt über die 64 Pixel' : `Der mittlere quadratische Fehler von ${batch} Ziffern, jede mit eigenem Rauschen`}: ${three(mean)}. Im aufgezeichneten Lauf war das Mittel auf diesem Niveau am Ende ${three(expected)}, auf Trainingsbildern.`,
    another: 'Noch eine Übung',
    fresh: 'Neues Rauschen',
    digit: 'Ziffer',
    batch: 'Ziffern im Batch',
    batches: { '10': '10, eine von jeder' },
    described: (images, set, low, middle, high) =>
      `Elf Bänder, eines für jeden aufgezeichneten Moment, zeigen den Fehler des geschätzten Rauschens gegen das Rauschniveau auf: ${sets[set]}. Nach ${number(images)} Bildern ist er ${three(low)} bei wenig Rauschen, ${three(middle)} bei t = 0,5 und ${three(high)} bei viel Rauschen.`,
  },
  beside: {
    digit: 'Ziffer',
    all: 'alle zehn',
    calls: (kind, calls) => (kind === 'diffusion' ? `${calls} Aufrufe` : 'ein Aufruf'),
    took: (milliseconds) => `${fixed(milliseconds, 0)} ms hier`,
    trained: ({ seconds, threads, parameters, images }) =>
      `Jedes wurde ${seconds} s lang auf ${threads === 1 ? 'einem Prozessorkern' : `${threads} Prozessorkernen`} trainiert, mit denselben Ziffern. Parameter und gesehene Bilder: ${(['diffusion', 'vae', 'gan'] as const)
        .map((kind) => `${names[kind]} ${number(parameters[kind])} und ${number(images[kind])}`)
        .join('; ')}. Beide Netze des GANs und des VAEs zählen.`,
    described: (kind, count, seed) => `${count} Ziffern mit den Seeds ${seed} bis ${seed + count - 1}, gezeichnet vom Modell ${names[kind]}.`,
  },
  plane: {
    set: 'Daten',
    sets: { moons: 'Monde', spirals: 'Spiralen', rings: 'Ringe', pinwheel: 'Windrad', own: 'Eigene' },
    type: 'Einen oder zwei Buchstaben tippen',
    draw: 'oder hier zeichnen',
    clear: 'Leeren',
    pad: 'Eine Fläche, um eine Form mit Finger oder Maus zu zeichnen',
    start: (seconds) => `${seconds} Sekunden trainieren`,
    again: 'Noch einmal trainieren',
    stop: 'Anhalten',
    time: 'Verbrauchte Zeit des Trainings',
    key: 'Grau: die Daten. Blau: Punkte, die das Netz aus Rauschen erzeugt, immer aus demselben. Orange: wohin es einen Punkt bewegt.',
    rows: { steps: 'Schritte', loss: 'Verlust', away: 'Abstand zu den Daten' },
    arrows: 'Pfeile zur Zeit t',
    loss: 'Die Kurve ist der Verlust, Schritt für Schritt. Er endet nie bei null: Das Rauschen lässt sich nicht genau kennen.',
    how: (weights) =>
      `Ein Netz mit ${number(weights)} Gewichten lernt in Ihrem Browser, von nichts an, mit 128 Punkten in jedem Schritt. „Abstand zu den Daten“ ist, wie weit ein erzeugter Punkt im Mittel vom nächsten Datenpunkt entfernt liegt; die Streuung der Daten ist 1.`,
    failed: 'das Training hat aufgehört',
    described: (steps, away) =>
      away === undefined
        ? 'Punkte in der Ebene, die Daten; noch ist kein Netz trainiert.'
        : `Nach ${number(steps)} Schritten liegen die erzeugten Punkte im Mittel ${fixed(away, 2)} von den Daten entfernt.`,
    curve: (losses) => (losses.length ? `Der Verlust, von ${fixed(losses[0]!, 2)} bis ${fixed(losses.at(-1)!, 2)}.` : 'Noch kein Verlust.'),
  },
  text: {
    title: 'Training',
    lead: 'Wie das Netz schätzen lernt: indem es dieselbe kleine Übung eine Viertelmillion Mal macht.',
    sections: [
      {
        heading: 'Ein Schritt',
        text: [
          'Nehmen Sie ein Bild. Nehmen Sie irgendein Rauschniveau. Ziehen Sie [[noise|Rauschen]], mischen Sie es bei und fragen Sie: *Welches Rauschen war es?* Wir haben das Rauschen selbst gezogen, wir kennen also die Wahrheit, und die Übung braucht keinen Lehrer. Der [[loss|Verlust]] ist der quadratische Unterschied zwischen Schätzung und Wahrheit. Der [[gradient|Gradient]] sagt, wie sich jedes der 1.785.345 Gewichte bewegen muss, damit der Verlust kleiner wird, und alle bewegen sich ein wenig dorthin. Das ist ein Schritt des [[training|Trainings]].',
          '[Wählen Sie „Ein Schritt von Hand“](training.view=step) und machen Sie es selbst. Jede Übung hinterlässt einen Punkt, und die Punkte streuen weit: Ein einzelner Fehler sagt wenig über das Netz. Darum mittelt ein Schritt über einen [[batch|Batch]]. [Mit 80 Ziffern](training.view=step&training.batch=80) landen Sie jedes Mal nahe bei der aufgezeichneten Kurve.',
          'Viele solche Schritte sind ein Training. [Trainieren Sie selbst eines](training.view=plane), hier in Ihrem Browser: Punkte in der Ebene statt Bilder, sodass zehn Sekunden reichen. Sehen Sie, wie der [[loss|Verlust]] sinkt und die Punkte, die das Netz erzeugt, ihre Plätze finden.',
          'Jede Übung geht den ganzen Weg auf einmal. Das Netz sieht im Training nie eine Wanderung. Es lernt nur, auf jedem Niveau gut zu schätzen. (Dieses Paket schreibt den Verlust als Fehler des *Bildes*, mit einem Gewicht für jedes Niveau, sodass alle etwa gleich viel zählen. Es ist dieselbe Übung, wie Sie im letzten Kapitel gesehen haben.)',
        ],
        equations: [{ says: 'Der Verlust: der quadratische Fehler des geschätzten Rauschens, im Mittel über Bilder, Niveaus und Rauschen.' }],
      },
      {
        heading: 'Ruhig, weil niemand dagegen spielt',
        text: [
          'Das ist einfache Regression: feste Fragen mit festen Antworten. Das Ziel bewegt sich nicht, während man zielt. In einem [[GAN]] bewegt es sich. Zwei Netze spielen gegeneinander, und was für das eine ein guter Zug ist, hängt vom anderen ab. Gewinnt eines deutlich, so hat das andere nichts mehr, woraus es lernen kann. Diffusion hat keinen Gegner, sie braucht also kein Gleichgewicht zwischen zwei Netzen.',
          'Zu sehen ist ein echter Lauf des Modells dieser Lektion: 14 Minuten auf einem Prozessorkern, den andere Programme mitbenutzten. [Beginnen Sie vor dem Training](training.view=run&training.show=samples&training.moment=0) und gehen Sie ihn durch. Sehen Sie dann [seinen Fehler](training.view=run&training.show=error&training.moment=2) an: Jedes Band ist ein Moment des Laufs. Der Fehler fällt zuerst bei viel Rauschen, wo das Rauschen gut zu sehen ist. Bei wenig Rauschen fällt er später.',
        ],
      },
      {
        heading: 'Ein GAN und ein VAE, nach derselben Uhr',
        text: [
          'Zwei andere Modelle machen aus Rauschen in einem [[call|Aufruf]] ein Bild, ohne Wanderung. Ein [[VAE]] lernt, jedes Bild zu wenigen Zahlen zusammenzupressen und wieder zu entfalten. Zum Zeichnen entfaltet es zufällige Zahlen. Wo es nicht sicher ist, zeichnet es ein Mittel, und Mittel sind weich. Ein [[GAN]] hat einen Fälscher und einen Kritiker. Der Fälscher macht aus Rauschen Bilder, der Kritiker lernt, sie von echten zu unterscheiden, und jeder wird an den Fehlern des anderen besser. Nichts in diesem Spiel verlangt vom Fälscher *alle* Arten von Bildern.',
          '[Wählen Sie „Ein GAN und ein VAE daneben“](training.view=beside). Ein [[seed|Seed]] beginnt alle drei, sodass Sie ihre Bilder vergleichen können. Die Tabellen darunter sagen, was gemessen wurde, und mit welchen Zahlen: der [[Fréchet distance|Fréchet-Abstand]] dafür, wie nah die Bilder im Ganzen an echten sind, die [[precision|Präzision]] dafür, wie viele davon echt aussehen, [[recall|Recall]] und [[coverage|Abdeckung]] dafür, wie viel von den echten sie erreichen. Eine Behauptung, welche die Zahlen nicht bestätigen, steht in der Tabelle als *nicht bestätigt*.',
        ],
      },
      {
        heading: 'Der Verlust hat einen Boden, und flach heißt nicht fertig',
        text: [
          '[Die Bänder](training.view=run&training.show=error&training.moment=10) erreichen nie die Null, so lange man auch trainiert. Ein verrauschtes Bild kann von vielen sauberen kommen. Die beste Schätzung ist ihr Mittel, und es ist für jedes ein wenig falsch. Dieser Boden gehört zu den Daten: Selbst der vollkommene Entrauscher hat ihn. Für das Rauschen ist er bei wenig Rauschen am höchsten. Um schwaches Rauschen von einem Bild abzulesen, müsste man das Bild genau kennen.',
          'Darum ist die Kurve unter den Bildern schwer zu lesen. Ihre Höhe am Ende ist zum größten Teil, was niemand vorhersagen kann. [Nach 8.000 Bildern](training.view=run&training.show=samples&training.moment=5), 3 % des Laufs, ist der mittlere Fehler um neun Zehntel dessen gefallen, was er fallen wird, und der Rest sieht flach aus. Nun sehen Sie die Bilder an. In diesem Moment lassen sich 6 von 40 nicht als die verlangte Ziffer lesen. [Ab 16.000 Bildern](training.view=run&training.show=samples&training.moment=6) ist es höchstens eines. Auf der Kurve, für nie gesehene Bilder, war das ein Schritt von 0,153 auf 0,137. **Ein flacher Verlust heißt nicht, dass nichts gelernt wird.** Sehen Sie Bilder an, und den Verlust Niveau für Niveau.',
        ],
        equations: [{ says: 'Keine Antwort kann besser sein als das Mittel allen Rauschens, das zum Gesehenen passt; wie weit dieses streut, ist der Boden.' }],
      },
      {
        heading: 'Ein Mittel, und wann man aufhört',
        text: [
          'Jeder Batch zieht die Gewichte auf seine Art, darum zittern die neuesten Gewichte. Gezeichnet wird mit dem [[EMA]], dem Mittel der Gewichte über das letzte Stück Training. Was gelernt wurde, bleibt, und das Zittern hebt sich auf. Das kostet eine zweite Kopie der Gewichte. Alle vierzig Bilder jedes Moments sind damit gezeichnet.',
          'Wann soll man aufhören? Ein Zehntel der Ziffern wurde aus diesem Lauf [[held-out|zurückgehalten]]. Auf ihnen ist der mittlere Fehler [nach 64.000 bis 128.000 Bildern](training.view=run&training.show=error&training.set=held_out&training.moment=8) am kleinsten, 0,126. [Am Ende](training.view=run&training.show=error&training.set=held_out&training.moment=10) ist er auf 0,137 *gestiegen*. Auf den Trainingsbildern fiel er die ganze Zeit, auf 0,094. Von einem Moment an lernt das Netz seine 1.617 Beispiele auswendig. Die Bilder zeigen das auch: Sie kommen den Trainingsbildern näher, den zurückgehaltenen aber kaum. Das ist [[memorisation|Auswendiglernen]]. Der Trainingsverlust sagt es Ihnen nie, denn er fällt nur. Dagegen helfen mehr Daten oder ein früheres Ende.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
