import type * as english from '../english/forward'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const figures = (value: number) => fixed(value, 2)
const drawings = ['Katze', 'Rakete', 'Haus', 'Apfel', 'Schmetterling', 'Pinguin', 'Pilz', 'Fisch', 'Erdbeere', 'Panda']
const named = (picture: string) => drawings[Number(picture)] ?? picture
/** e hoch `lead`, wie man Quoten sagt. */
const againstOne = (lead: number) => {
  const odds = Math.exp(lead)
  if (odds < 9.95) return fixed(odds, 1)
  if (odds < 1e9) return number(Number(odds.toPrecision(odds < 100 ? 2 : 1)))
  return `10^${Math.round(lead / Math.LN10)}`
}

export default {
  labels: {
    scene: 'Ein Bild entlang der Zeit',
    time: 'Zeit t',
    data: 'das Bild',
    noise: 'reines Rauschen',
    play: 'Rauschen hinzufügen',
    picture: 'Bild',
    drawings,
    cleanPicture: 'Das Bild',
    noisePicture: 'Das Rauschen',
    times: (symbol, value) => `× ${symbol} = ${figures(value)}`,
    fresh: 'Neues Rauschen',
    atTime: (t) => `t = ${figures(t)}`,
    clean: (t) => `t = ${t}, das Bild`,
    pure: (t) => `t = ${t}, Rauschen`,
    schedule: 'Rauschplan',
    schedules: { linear: 'Linear (DDPM)', cosine: 'Kosinus', sigmoid: 'Sigmoid', flow: 'Gerade (Flow)', own: 'Eigener' },
    show: 'Ansehen',
    shows: { schedule: 'Der Rauschplan', ways: 'Schritte oder ein Sprung', other: 'Ist es noch darin?' },
    plot: 'Kurve von',
    plots: { levels: 'α und σ' },
    curve: 'Der Rauschplan als Kurve, mit Griffen zum Biegen',
    bend: 'Ziehen Sie einen Griff, oder wählen Sie einen mit Tab und bewegen ihn mit den Pfeiltasten. Die Bilder folgen. Grau: die anderen Pläne.',
    handle: (t) => `Ihre Kurve bei t = ${fixed(t, 1)}`,
    handleAt: (logsnr, alpha) => `logSNR ${logsnr}, Alpha ${alpha}`,
    divide: 'Verrauschtes Bild durch α teilen',
    alpha: 'α, vom Bild',
    sigma: 'σ, vom Rauschen',
    snr: 'Signal zu Rauschen',
    ratio: (snr) => (snr > 1e9 ? '∞' : snr < 1e-6 ? '0' : number(Number(snr.toPrecision(2)))),
    share: (picture) => {
      const percent = Math.round(100 * picture)
      return picture > 0 && percent < 1 ? 'weniger als 1 % Bild, fast nur Rauschen' : `${percent} % Bild, ${100 - percent} % Rauschen`
    },
    shareOf: 'Stärke, als Anteile von α² und σ²',
    linearOnly: 'Hier ist es der lineare Plan von DDPM, dessen tausend Einzelschritte in der Tabelle stehen.',
    byChain: 'Schritt für Schritt',
    byJump: 'In einem Sprung',
    doses: (count) => `${number(count)} ${count === 1 ? 'Dosis' : 'Dosen'} Rauschen`,
    oneDose: (count) => (count ? '1 Dosis Rauschen' : 'kein Rauschen'),
    sameLaw: 'Kein Pixel stimmt überein: Die beiden haben verschiedenes Rauschen. Sehen Sie nun viele Läufe an. Ein helles und ein dunkles Pixel, je 1.000-mal auf beide Arten verrauscht, streuen gleich:',
    sameStart: 'Vor der ersten Dosis sind beide das saubere Bild.',
    counting: 'Die Kette läuft 1.000-mal …',
    value: 'Wert des Pixels',
    often: 'wie oft',
    bright: 'Helles Pixel',
    dark: 'Dunkles Pixel',
    chainKey: 'Gefüllt: Schritt für Schritt',
    jumpKey: 'Umriss: ein Sprung',
    mean: 'Mittel',
    spread: 'Streuung',
    histogram: (t) => `Wie die Werte eines hellen und eines dunklen Pixels zur Zeit ${fixed(t, 2)} streuen: Die Kette und der Sprung geben dieselben zwei Glocken.`,
    law: { ways: 'Art', chain: 'Schritt für Schritt', jump: 'Ein Sprung' },
    number: figures,
    takenFor: 'Das andere Bild',
    isOne: (picture) => `α · ${named(picture)}`,
    isNoise: 'σ · Rauschen',
    isSlice: 'das verrauschte Bild',
    noiseOf: (spread) => `Rauschen mit Streuung ${spread}`,
    sliceAt: (t) => `Das verrauschte Bild zur Zeit ${fixed(t, 2)}`,
    odds: (mine, other, lead) => {
      const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(named)
      return `Quote ${likelier} gegen ${less}: ${againstOne(Math.abs(lead))} : 1.`
    },
    follows: (mine, other, lead) => {
      const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(named)
      const odds = Math.exp(Math.abs(lead))
      if (odds < 3) return `Niemand kann sagen, welches Bild es war: Dieses verrauschte Bild entsteht fast ebenso oft aus dem anderen (${less}).`
      if (odds < 20) return `Wahrscheinlich war es dieses Bild: ${likelier}. Das andere (${less}) ist noch möglich.`
      if (odds < 1000) return `Fast sicher war es dieses Bild: ${likelier}. Das andere (${less}) bräuchte ungewöhnliches Rauschen.`
      return `Es war dieses Bild: ${likelier}. Das Rauschen, das das andere (${less}) bräuchte, kommt praktisch nie vor. Fügen Sie mehr Rauschen hinzu.`
    },
    impossible: 'Ohne Rauschen gibt es nichts zu verwechseln. Fügen Sie welches hinzu.',
    described: (picture, t, schedule, share) =>
      `Bild (${picture}) und Rauschen ergeben zusammen das verrauschte Bild zur Zeit ${fixed(t, 2)}; ${Math.round(100 * share)} % seiner Stärke sind Bild. Darunter neun Bilder, von sauber bis zu reinem Rauschen, nach dem Plan „${schedule}“.`,
    describedWays: (picture, steps) =>
      `Zwei Reihen verrauschter Fassungen desselben Bildes (${picture}): links Schritt für Schritt verrauscht, rechts jede in einem Sprung. Nach ${number(steps)} Schritten sehen beide gleich aus, mit verschiedenem Rauschen.`,
    describedOther: (mine, other, t) =>
      `Links löst sich ein Bild auf (${named(mine)}), rechts ein anderes (${named(other)}). Zur Zeit ${fixed(t, 2)} haben beide genau dasselbe verrauschte Bild.`,
  },
  text: {
    title: 'Der Vorwärtsprozess',
    short: 'Vorwärts',
    lead: 'Zwei Zahlen sagen, wie man ein Bild verdirbt. Das braucht kein Können, kein Netz und kein Warten: Ein Sprung führt zu jedem Augenblick.',
    sections: [
      {
        heading: 'Ein Rezept, kein Können',
        text: [
          'Unter der Summe sehen Sie ein Bild in neun Augenblicken. In jedem Augenblick geschieht zweierlei mit ihm. Es wird blasser: mit [[alpha (α)|α]] multipliziert. Und [[noise|Rauschen]] wird addiert, multipliziert mit [[sigma (σ)|σ]], das dann seine Streuung ist, die [[standard deviation|Standardabweichung]]. Ziehen Sie an der Zeit, oder [setzen Sie t auf 0,7](forward.show=schedule&forward.t=0.7), und sehen Sie die Summe an: Bild, Rauschen und das verrauschte Bild, das daraus wird.',
          '**Hier wird nichts gelernt.** Das Rauschen wird blind gezogen; es hat nie ein Bild gesehen. Die zwei Zahlen kommen aus einer Tabelle, die geschrieben wurde, bevor es ein Bild gab, dem [[schedule|Rauschplan]]. Gelernt werden muss der Rückweg. Seine Übungen kommen von hier: ein verdorbenes Bild mit seinem Original, so viele man will, umsonst.',
        ],
        equations: [{ says: 'Das Bild, mit Alpha blasser gemacht, plus Rauschen der Stärke Sigma.' }],
      },
      {
        heading: 'Tausend kleine Dosen, oder eine',
        text: [
          'Die Arbeit, die Diffusion für Bilder zum Laufen brachte, [[DDPM]], beschreibt eine Kette von tausend Schritten, den [[timestep|Zeitschritten]]. Jeder Schritt verkleinert das Bild ein wenig und fügt eine kleine Dosis Rauschen hinzu. Ihre Größe ist [[beta (β)|β]], die [[variance|Varianz]]: die Streuung im Quadrat. [Öffnen Sie „Schritte oder ein Sprung“](forward.show=ways&forward.t=0.2): Das linke Bild geht wirklich alle Schritte.',
          'Das rechte springt. Das geht, weil *die Summe unabhängiger Zahlen aus Glockenkurven wieder einer Glockenkurve folgt*, und ihre Varianzen addieren sich. Zweihundert kleine Dosen wirken wie eine große, und die Tabelle sagt, wie groß. Die beiden Ergebnisse unterscheiden sich in jedem Pixel, weil ihr Rauschen verschieden ist. Verschieben Sie die Zeit: Sie bleiben einander ähnlich. Ihre Verteilung ist gleich: In vielen Läufen hat jedes Pixel dasselbe Mittel und dieselbe Streuung.',
          'Darum geht das Training nie die Kette entlang. Es wählt zufällig einen Augenblick, springt dorthin und fragt das Netz: Was war es?',
        ],
        equations: [
          { says: 'Ein kleiner Schritt: etwas weniger als alles behalten, etwas Rauschen hinzufügen. Alte Varianz mal (1 − β) plus neue Varianz β: Die Summe bleibt 1.' },
          { says: 'Alles auf einmal: was k Schritte vom Bild übrig lassen, und wie viel Rauschen sie zusammen gebracht haben.' },
        ],
      },
      {
        heading: 'Der Rauschplan: wo man die Zeit verbringt',
        text: [
          'Eine Zahl sagt, wie gut ein Bild zu erkennen ist: das [[signal-to-noise ratio|Signal-Rausch-Verhältnis]], wie stark das Bild im Vergleich zum Rauschen ist. Es läuft über viele Zehnerpotenzen, darum zeichnet man seinen Logarithmus, [[logSNR]]. Bei 0 sind beide gleich stark. Je 2,3 tiefer wird das Rauschen, verglichen mit dem Bild, zehnmal so stark.',
          'Alle Pläne führen von sauber zu Rauschen. Sie unterscheiden sich darin, wo sie die Zeit verbringen. DDPMs [linearer](forward.show=schedule&forward.schedule=linear) verbringt 45 % davon dort, wo das Rauschen mehr als zwanzigmal so stark ist wie das Bild; [Kosinus](forward.show=schedule&forward.schedule=cosine) verbringt dort 14 % und mehr Zeit in der Mitte, wo Formen entstehen. Der [gerade](forward.show=schedule&forward.schedule=flow), den viele neuere Modelle benutzen, lässt α gleichmäßig fallen und σ gleichmäßig steigen. Biegen Sie die Kurve selbst, und die Bilder folgen.',
          'Auf den ersten drei Plänen ist α² + σ² = 1, die Zahlen behalten also ihre Größe; solche Pläne heißen [[variance preserving|varianzerhaltend]]. Auf dem geraden ist α + σ = 1. Der Unterschied ist nur Helligkeit: Wo das Verhältnis gleich ist, sieht man gleich viel.',
        ],
        equations: [{ says: 'Die Stärke des Bildes durch die Stärke des Rauschens, beide als Varianzen, und der Logarithmus davon.' }],
      },
      {
        heading: 'Ist das Bild noch darin?',
        text: [
          'Man möchte glauben, dass das verrauschte Bild das Original *enthält* und etwas Schlaues es nur entziffern muss. Versuchen Sie es auf die einfachste Art, mit dem Schalter [„Verrauschtes Bild durch α teilen“](forward.show=schedule&forward.divide=1&forward.t=0.6). Das Bild bekommt seine Stärke zurück. Das Rauschen auch, und man sieht nicht mehr als vorher.',
          'Das hat einen tieferen Grund. [Öffnen Sie „Ist es noch darin?“](forward.show=other&forward.schedule=linear&forward.t=0.3). Dasselbe verrauschte Bild lässt sich auf zwei Arten erklären: durch ein Bild mit seinem Rauschen, oder durch ein anderes Bild mit anderem Rauschen. Die Seite berechnet die Quote zwischen beiden. Solange wenig Rauschen da ist, bräuchte das andere Bild ein Rauschen, das praktisch nie vorkommt. [Bei viel Rauschen](forward.show=other&forward.schedule=linear&forward.t=0.9) ist die Quote fast ausgeglichen. **Dann sagt das verrauschte Bild selbst nicht, was es war.** Es sagt nur, welche Bilder es gewesen sein können, und wie wahrscheinlich jedes ist.',
          'Darum ist der Rückweg kein Entziffern. Er wählt Schritt für Schritt eines von allen Bildern, die passen. Wie, zeigt das nächste Kapitel.',
        ],
        equations: [
          { says: 'Ein verrauschtes Bild, auf zwei Arten erklärt: dieses Original mit diesem Rauschen, oder jenes mit jenem.' },
          { says: 'Die Quote der beiden, wenn beide Bilder vorher gleich wahrscheinlich waren: Das Bild, welches das kleinere Rauschen braucht, ist das wahrscheinlichere.' },
        ],
      },
    ],
  },
} satisfies Said<typeof english>
