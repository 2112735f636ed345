import type * as english from '../english/sampling'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const seconds = (milliseconds: number) => `${fixed(milliseconds / 1000, milliseconds < 995 ? 2 : 1)} s`
const steps = (count: number) => `${number(count)} ${count === 1 ? 'Schritt' : 'Schritte'}`
const calls = (count: number) => `${number(count)} ${count === 1 ? 'Aufruf' : 'Aufrufe'}`
const pictures = (count: number) => `${number(count)} ${count === 1 ? 'Bild' : 'Bilder'}`

export default {
  labels: {
    view: 'Ansehen',
    views: { race: 'Ein Rennen', wall: 'Eine Wand von Seeds', few: 'Wo wenige Schritte nicht reichen', grids: 'Eine angepasste Wanderung', calls: 'Ein Aufruf, zwei Aufrufe', drift: 'Punkte, die treiben' },
    none: 'niemand',
    race: 'Wanderungen vom selben Rauschen',
    lane: (place) => `Bahn ${place}`,
    steps: 'Schritte',
    stepCount: steps,
    lanes: 'Wer wandert, in wie vielen Schritten',
    many: 'Bilder zugleich',
    seed: 'Erster Seed',
    fresh: 'Neue Seeds',
    oneFresh: 'Neuer Seed',
    show: 'Die Bilder zeigen',
    shows: { x: 'das Bild bis jetzt', guess: 'die Schätzung des Endes' },
    asked: 'Aufrufe des Netzes bis jetzt',
    ofCalls: (made, total) => `${number(made)} von ${calls(total)}`,
    bars: (total) => `Balken: Aufrufe des Netzes, der längste ${number(total)}`,
    start: 'reines Rauschen',
    finish: 'alle am Ziel',
    raceAgain: 'Rennen',
    stop: 'Anhalten',
    go: 'Von vorn',
    clock: (made, total, milliseconds) => `${number(made)} von ${calls(total)} · ${seconds(milliseconds)}`,
    afterSteps: (count) => (count ? `Nach ${steps(count)}` : 'Das Rauschen am Anfang'),
    wish: 'Sie zeichnen',
    wishes: { mushroom: 'einen Pilz', 'smiling face': 'ein lächelndes Gesicht', bird: 'einen Vogel', 'red apple': 'einen Apfel', '': 'irgendetwas' },
    counting: (name, made, total) => `${name}: ${number(made)} von ${number(total)} Aufrufen …`,
    stopped: 'Angehalten.',
    laneName: (name, count) => `${name}, ${steps(count)}`,
    result: (count, milliseconds) => (milliseconds === undefined ? calls(count) : `${calls(count)} · ${seconds(milliseconds)}`),
    laneTold: (name, made, total, milliseconds) =>
      made < total
        ? `${name} hat ${number(made)} von ${number(total)} Aufrufen gemacht`
        : `${name} ist nach ${number(total)} Aufrufen am Ziel, in ${seconds(milliseconds)}`,
    racing: (wish, told) => `Wanderungen vom selben Rauschen zum Bild (${wish}), abwechselnd Aufruf für Aufruf: ${told.join('; ')}.`,
    waiting: 'Wanderungen vom selben Rauschen; sie haben noch nicht begonnen.',
    wall: 'Bilder nach Seed, Zeile für Zeile',
    wallTold: (count, made, milliseconds) =>
      `${pictures(count)}, ${calls(made)} für alle zusammen: ${seconds(milliseconds)} in diesem Browser, ${fixed(milliseconds / count, 0)} ms je Bild.`,
    wallDescribed: (count, first, name, many) =>
      `${pictures(count)}, Seeds ${number(first)} bis ${number(first + count - 1)}, gezeichnet von ${name} in ${number(many)} Schritten.`,
    command: 'Dieselben Bilder von der Befehlszeile:',
    row: steps,
    rowCannot: (needs) => `braucht mindestens ${steps(needs)}`,
    grids: { own: 'die eigene Wanderung des Modells', tuned: 'die ihm angepasste' },
    gridScene: 'Zwei Wanderungen über die Landschaft, von oben gesehen',
    gridData: 'saubere Daten',
    gridSays: 'Jede Linie ist ein Rauschniveau, auf dem das Netz der Ziffern gefragt wird, oder das Ende der Wanderung. Dahinter liegt die Landschaft aus Kapitel 3, das Rauschen oben: was aus einem Hügel wird, wenn er sich klärt.',
    gridDescribed: (count, own, tuned) =>
      `In ${number(count)} Schritten, vom Rauschen bei 0 % hinab zu sauberen Daten bei 100 %: Die eigene Wanderung des Modells ist bei ${own.map((one) => `${fixed(one, 0)} %`).join(', ')}, die angepasste bei ${tuned.map((one) => `${fixed(one, 0)} %`).join(', ')}.`,
    who: { model: 'Das Modell', student: 'Sein Schüler' },
    callsLane: (name, count) => `${name}, ${calls(count)}`,
    callsRace: 'Ein Modell und sein Schüler, vom selben Rauschen',
    callsTold: (told) => `Zehn Ziffern vom selben Rauschen, abwechselnd Aufruf für Aufruf: ${told.join('; ')}.`,
    callsRow: (name) => `Die Ziffern 0 bis 9: ${name}`,
    callsSays: 'Jede Zeile sind zehn Seeds. Bei zwei Aufrufen bekommt die erste Antwort des Schülers neues Rauschen und wird noch einmal beantwortet.',
    driftSets: { moons: 'Monde', spirals: 'Spiralen', rings: 'Ringe', pinwheel: 'ein Windrad' },
    driftScene: 'Punkte, die in der Ebene treiben',
    driftReal: 'Daten',
    driftPoints: 'treibende Punkte',
    driftData: 'Daten',
    driftSteps: 'Schritte des Treibens',
    driftStart: 'alle in der Mitte',
    driftEnd: 'unter den Daten',
    driftPlay: 'Treiben',
    driftSays: 'Jeder Punkt wird von den Daten in seiner Nähe angezogen und von den Punkten in seiner Nähe abgestoßen. Wo so viele Punkte wie Daten sind, bewegt sich nichts.',
    driftDescribed: (set, step, total) => `Punkte, die von der Mitte der Ebene zu Daten treiben (${set}), nach ${number(step)} von ${number(total)} Schritten.`,
    fewDescribed: (name, count) => `Dieselben sechs Seeds, von ${name} gezeichnet, ${steps(count)}`,
  },
  text: {
    title: 'Sampling',
    lead: 'Ein Netz, viele Arten, damit zu wandern. Sie unterscheiden sich darin, wie sie einen Schritt gehen, und also darin, wie viele Aufrufe sie brauchen.',
    sections: [
      {
        heading: 'Dasselbe Netz, andere Schritte',
        text: [
          '[Drei Wanderungen](sampling.view=race&sampling.third=dpm%2B%2B2m) beginnen beim selben Rauschen und benutzen dasselbe Netz, abwechselnd, Aufruf für Aufruf. Jede hat ihre eigene Uhr, die nur läuft, während ihr Aufruf beantwortet wird. Ein [[sampler|Sampler]] ist nur die Regel für den nächsten Schritt: wie weit es, nach den bisherigen Schätzungen, gehen soll und wohin. Die Rauschniveaus, die er besucht, sind sein [[grid|Gitter]]. **Das Netz wird nicht noch einmal trainiert.** Den Sampler wählen Sie danach.',
          'Das Netz ist fast der ganze Preis. Ein [[call|Aufruf]] führt es ganz aus; der Sampler selbst addiert nur ein paar Zahlen. Darum zählt man Aufrufe. Ein Schritt ist oft ein Aufruf, aber nicht immer: Heun braucht in fast jedem Schritt zwei.',
          '[[DDPM]] fügt in jedem Schritt frisches Rauschen hinzu. Seine Schritte müssen kurz sein: Jeder nimmt an, dass eine Glockenkurve beschreibt, woher das Bild kam, und das stimmt nur bei kleinen Schritten. [[DDIM]] fügt kein Rauschen hinzu und folgt dem Mittel. Darum endet dasselbe Rauschen immer im selben Bild, und zwanzig Schritte reichen für dieses Modell. Nach dem Plan dieses Modells ist *Euler* derselbe Schritt unter anderem Namen: [Lassen Sie sie rennen](sampling.view=race&sampling.first=ddim&sampling.first-steps=20&sampling.second=euler&sampling.second-steps=20&sampling.third=none) und sehen Sie.',
        ],
        equations: [
          { says: 'DDIM: Nimm die Schätzung des sauberen Bildes und gib das Rauschen, das aus ihr folgt, auf dem tieferen Niveau s wieder hinzu.' },
          { says: 'Mit frischem Rauschen z: Ein Teil des alten Rauschens wird durch neues ersetzt. DDPM ist eine Wahl von Eta; Eta = 0 ist DDIM.' },
        ],
      },
      {
        heading: 'Warum weniger Aufrufe reichen können',
        text: [
          'Ohne frisches Rauschen folgt die Wanderung einer glatten Kurve vom Rauschen zum Bild: der Lösung einer [[ODE]]. Euler geht gerade Strecken und schätzt an jeder Ecke neu. In einer Biegung verlässt er die Kurve, um so weniger, je kleiner der Schritt ist. [[Heun]] sieht voraus und nimmt das Mittel zweier Richtungen. [[DPM-Solver++]] und [[UniPC]] merken sich ihre letzten Schätzungen, sehen, wie diese sich ändern, und biegen den Schritt entsprechend, ohne weiteren Aufruf. Darum kommen sie der Kurve mit gleich vielen Aufrufen näher, sobald die Schritte klein genug sind. Hier kommt DPM-Solver++ ihr ab vier Schritten näher als DDIM, und UniPC ab acht deutlich näher, wie der Code misst.',
          '[Sehen Sie, wo wenige Schritte nicht reichen](sampling.view=few&sampling.drawn=smiling+face). Ein Schritt ist eine Schätzung aus reinem Rauschen. In reinem Rauschen ist nichts zu sehen; bekannt sind nur die Wörter. Darum ist die beste Schätzung das Mittel aller lächelnden Gesichter: ein weiches Gesicht, dasselbe für jeden Seed. Mit drei Schritten werden die Gesichter verschieden. Mit zehn unterscheiden sie sich noch weniger als mit zwanzig. Wenige Schritte kosten also zuerst Vielfalt: Die Bilder sind einander zu ähnlich. Ohne Wörter ist die erste Schätzung [das Mittel aller Zeichnungen](sampling.view=few&sampling.drawn=).',
          'Welche Rauschniveaus eine kurze Wanderung besucht, lässt sich selbst lernen, ohne das Netz zu trainieren: Lange Wanderungen zeigen, wo kurze enden sollen. [Vergleichen Sie die eigene Wanderung der Ziffern mit der ihnen angepassten](sampling.view=grids). Die angepasste verlässt das Rauschen früher und geht mehr ihrer Schritte dort, wo wenig Rauschen ist.',
          'Ein Aufruf dieses Netzes kann nur mit einem Mittel antworten, das sich von Seed zu Seed kaum ändert. Darum wird ein anderes Netz trainiert, von den Gewichten des ersten aus: ein Schüler, der mit einem ganzen Bild antwortet. [Lassen Sie das Modell der Ziffern gegen seinen Schüler rennen](sampling.view=calls), in einem Aufruf und in zweien. Dieser Schüler hat durch Treiben gelernt. Er macht einen Stapel Bilder, und jedes soll sich ein wenig zu den Trainingsbildern in seiner Nähe hin bewegen und weg von den anderen Bildern des Schülers in seiner Nähe. [Sehen Sie Punkten beim Treiben zu](sampling.view=drift), in der Ebene. Wenn die Bilder verteilt sind wie die Daten, heben Zug und Stoß einander auf, und es ist nichts mehr zu lernen.',
          'Ein [[GAN]] braucht einen Aufruf, denn es wurde darauf trainiert, Rauschen auf einmal in ein Bild zu verwandeln. Das macht es schnell. Bezahlt wird im Training, einem Wettkampf zweier Netze. Diffusion zahlt stattdessen beim Zeichnen. Wie viel jeder zahlt, ist unter der Szene gemessen.',
        ],
        equations: [{ says: 'Halbiert man den Schritt h, so wird der Fehler eines Verfahrens der Ordnung p durch 2 hoch p geteilt: durch 2 bei Euler und DDIM, durch 4 bei Heun und DPM-Solver++ (2M).' }],
      },
      {
        heading: 'Ein Seed, ein Bild',
        text: [
          'Ein [[seed|Seed]] ist die Zahl, bei der der Strom des Rauschens beginnt. Dasselbe Modell, derselbe Sampler und derselbe Seed geben dasselbe Bild, hier und in Python, allein oder unter tausend. Diese Seite macht ihr Rauschen wie PyTorch, darum zeichnet der Befehl unter [der Wand](sampling.view=wall&sampling.drawn=smiling+face), was Sie sehen.',
          'Verschiedene Seeds geben verschiedene Bilder, obwohl die Wörter dieselben sind. Das ist die [[diversity|Vielfalt]] des Modells: „Ein lächelndes Gesicht“ lässt vieles offen, und das Rauschen entscheidet es. Manche dieser Gesichter lächeln kaum: Das Modell ist klein und hat aus wenigen Zeichnungen gelernt. Ein Sampler ohne frisches Rauschen macht aus jedem Rauschen ein Bild, und aus Nachbarn werden Nachbarn.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
