import type * as english from '../english/reverse'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const figures = (value: number) => fixed(value, 2)

export default {
  labels: {
    scene: 'Eine Landschaft der Dichte',
    show: 'Ansehen',
    shows: { walks: 'Die Wanderungen', guess: 'Die beste Schätzung', pictures: 'Dasselbe mit Bildern' },
    time: 'Zeit t',
    data: 'die Daten',
    noise: 'reines Rauschen',
    arrows: 'Score-Pfeile',
    walk: 'Hinabgehen',
    again: 'Neues Rauschen',
    way: 'Art der Wanderung',
    ways: { ddim: 'Ohne Zufall (DDIM)', ddpm: 'Mit Zufall (DDPM)', less: 'DDPM, weniger frisches Rauschen' },
    fresh: 'Frisches Rauschen, das sie bekommt',
    percent: (share) => `${Math.round(100 * share)} %`,
    questions: 'Schritte',
    dataSide: (t) => `die Daten, t = ${t}`,
    atTime: (t) => `t = ${figures(t)}`,
    noiseSide: (t) => `Rauschen, t = ${t}`,
    place: 'Wo Sie stehen: x',
    number: figures,
    askedAt: (x) => `x = ${figures(x)}`,
    guessIs: (x) => `beste Schätzung ${figures(x)}`,
    guessTold: (x, t, guess) => `Bei ${figures(x)} zur Zeit ${fixed(t, 2)} ist die beste Schätzung des sauberen Werts ${figures(guess)}.`,
    densityTold: (there, most) => `Dichte der Daten an dieser Stelle: ${figures(there)}. Auf dem höchsten Hügel ist sie ${figures(most)}.`,
    rare: 'Hier sind kaum Daten: Die Schätzung steht zwischen den Hügeln, ein Mittel dessen, was es gewesen sein könnte.',
    likely: 'Hier sind Daten: Entweder waren wenige andere Werte möglich, oder das Mittel fällt zufällig auf einen Hügel.',
    ends: (count, t) => `${number(count)} Wanderer zur Zeit ${fixed(t, 2)}; die Linie ist die wahre Dichte dieser Zeit.`,
    spreads: (spread, right) => `Streuung ${figures(spread)}, richtig ${figures(right)}`,
    histogram: (way, spread, right) => `${way}: wie die Wanderer streuen, neben der wahren Dichte. Ihre Streuung ist ${figures(spread)}; richtig wäre ${figures(right)}.`,
    described: (t, way, count) =>
      `Eine Landschaft: Vorn schmelzen drei Hügel von Daten, nach hinten, zu einem Hügel aus Rauschen. Der Schnitt zur Zeit ${fixed(t, 2)} ist markiert.` +
      (way ? ` ${count} Wege der Wanderung „${way}“ kommen vom Rauschen bis zu dieser Zeit herab.` : ''),
    noised: 'verrauscht',
    guess: 'die Schätzung',
    noisedAt: (picture, t) => `Bild (${picture}), verrauscht bis zur Zeit ${fixed(t, 2)}`,
    guessAt: (t) => `Die Schätzung des sauberen Bildes durch das Netz zur Zeit ${fixed(t, 2)}`,
    oneCall: 'Obere Reihe: ein Bild, verrauscht bis zur Zeit t, die darunter steht. Untere Reihe: die Schätzung des Netzes, nach einem Aufruf ohne Worte. Es ist das Netz, das Emoji aus Worten zeichnet.',
    column: figures,
    drawBoth: 'Beide zeigen',
    both: 'Und ganze Wanderungen von DDPM, je 50 Schritte, von denselben acht Seeds, mit dem Wunsch nach einem Katzengesicht. Python ist sie gegangen, als diese Seiten entstanden:',
    with: 'mit frischem Rauschen',
    without: 'ohne',
    drawnWith: (seed) => `Mit frischem Rauschen gezeichnet, Seed ${seed}`,
    drawnWithout: (seed) => `Ohne frisches Rauschen gezeichnet, Seed ${seed}`,
  },
  text: {
    title: 'Der Rückwärtsprozess',
    short: 'Rückwärts',
    lead: 'Rauschen kann niemand entziffern. Aber man kann schätzen, was im Mittel da war, einen kleinen Schritt darauf zugehen und wieder schätzen.',
    sections: [
      {
        heading: 'Hügel, und Pfeile, die bergauf zeigen',
        text: [
          'Bilder können warten. Hier sind die Daten einzelne Zahlen, in drei Haufen. Die Vorderkante der Landschaft zeigt, wie viele von ihnen wo liegen, ihre [[density|Dichte]]: drei Hügel. Weiter hinten ist Rauschen beigemischt; [jeder Querschnitt](reverse.show=walks&reverse.t=0.5) ist die Dichte der verrauschten Daten zu dieser Zeit. Die Hügel werden breiter, verschmelzen und enden als der eine runde Hügel des reinen Rauschens.',
          '[Die Pfeile](reverse.show=walks&reverse.arrows=1&reverse.t=0.2) darauf sind der [[score|Score]]. In einfachen Worten: *Wenn ich hier stünde, in welcher Richtung würden die Daten am schnellsten wahrscheinlicher?* Der Score ist leicht zu bekommen. Rauschen hat jeden Punkt von den Daten weggestoßen. Schätzen Sie das Rauschen, drehen Sie es um, teilen Sie es durch σ: Das ist der Score. Wer das Rauschen schätzen kann, kennt also den Weg bergauf, ohne zu wissen, wie hoch der Hügel ist.',
        ],
        equations: [{ says: 'Der Score ist die Steigung des Logarithmus der Dichte. Er ist das erwartete Rauschen, umgedreht und durch Sigma geteilt.' }],
      },
      {
        heading: 'Die beste Schätzung ist ein Mittel',
        text: [
          '[Sehen Sie „Die beste Schätzung“ an](reverse.show=guess&reverse.t=0.2&reverse.x=-1.2) und bewegen Sie sich entlang x. Die Fahne steht auf der besten [[guess|Schätzung]] des sauberen Werts: dem Mittel über alles, was er gewesen sein könnte, jedes gewichtet damit, wie wahrscheinlich es ist. Bei wenig Rauschen steht die Fahne auf einem Hügel. [Bei viel Rauschen](reverse.show=guess&reverse.t=0.6&reverse.x=-0.3) steht sie *zwischen* den Hügeln, **wo es kaum Daten gibt**. Das ist kein Fehler. Von allen Antworten hat das Mittel den kleinsten quadratischen Fehler.',
          'Ein Mittel von Bildern ist unscharf. [Sehen Sie „Dasselbe mit Bildern“ an](reverse.show=pictures): Nach einem [[call|Aufruf]] mit einem sehr verrauschten Bild gibt das Netz etwas Unscharfes. Das genaue Mittel ist auch unscharf. Und beachten Sie, was das Netz *nicht* tut. Es nimmt nicht das Rauschen eines Schritts weg. Seine Schätzung nimmt jedes Mal alles Rauschen weg.',
        ],
        equations: [{ says: 'Die Antwort mit dem kleinsten erwarteten quadratischen Fehler ist das Mittel dessen, was es gewesen sein könnte.' }],
      },
      {
        heading: 'Schätzen, einen kleinen Schritt gehen, wieder schätzen',
        text: [
          'Das Unscharfe ist also nicht das Ergebnis. Es ist eine Richtung. Gehen Sie einen *kleinen* Schritt: Mischen Sie die Schätzung und das Rauschen, das aus ihr folgt, neu, auf dem nächsttieferen [[noise level|Rauschniveau]]. Nun ist etwas weniger Rauschen da, weniger Originale passen, und die nächste Schätzung ist klarer. Das ist der ganze [[reverse process|Rückwärtsprozess]]. [Gehen Sie nur einen Schritt](reverse.show=walks&reverse.walk=ddim&reverse.steps=1&reverse.t=0): Jeder Wanderer endet beim Mittel aller Daten, das hier zufällig neben dem kleinen Hügel in der Mitte liegt. [Mit zehn Schritten](reverse.show=walks&reverse.walk=ddim&reverse.steps=10&reverse.t=0) sind die drei Hügel da.',
          'Diese Wanderung braucht nach dem Start keinen Zufall; sie heißt [[DDIM]]. Derselbe Start führt zu demselben Ende, und Nachbarn bleiben Nachbarn. Und doch sind die Wanderer zusammen, bei vielen Schritten, zu jeder Zeit verteilt wie die verrauschten Daten: Vergleichen Sie das Histogramm mit der Linie, bei jedem t. Der Strom, der sie trägt, heißt [[probability-flow ODE|Wahrscheinlichkeitsfluss-ODE]].',
        ],
        equations: [{ says: 'Ein Schritt von DDIM, vom Niveau t hinab zu s: wieder das Vorwärtsrezept, mit der Schätzung anstelle der Wahrheit.' }],
      },
      {
        heading: 'Warum wieder Rauschen hinzukommt',
        text: [
          '[[DDPM]] wandert anders. [Seine Wege zittern](reverse.show=walks&reverse.walk=ddpm&reverse.steps=50&reverse.t=0): Jeder Schritt wirft einen Teil des Rauschens weg und zieht neues. Auf dem Weg zu einem sauberen Ergebnis sieht das unsinnig aus. Aber der Schritt führt zu einem *Mittel*, der Mitte dessen, wo der Punkt auf dem nächsten Niveau sein kann. Die Punkte dieses Niveaus sind nicht alle in der Mitte; sie streuen darum. **Das frische Rauschen stellt diese Streuung wieder her**: fast ganz, wenn die Schritte klein sind, zu wenig, wenn sie groß sind.',
          '[Nehmen Sie die Hälfte davon weg](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0.5&reverse.t=0), und die Hügel werden zu schmal. [Ganz ohne](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0&reverse.t=0) enden zweitausend Wanderer an einem Ort, und er ist kein Gipfel: Die Dichte ist dort halb so hoch. Bei Bildern ist das Ergebnis zu glatt und zu ähnlich. DDIM braucht kein frisches Rauschen, aber es geht andere Schritte: DDPM ohne sein Rauschen ist nicht DDIM.',
        ],
        equations: [{ says: 'Ein Schritt von DDPM: Er behält den Anteil Kappa des alten Rauschens und ersetzt den Rest durch frisches Rauschen z, sodass die Summe stimmt.' }],
      },
    ],
  },
} satisfies Said<typeof english>
