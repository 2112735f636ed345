import type * as english from '../english/network'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const several = (names: string[]) => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} und ${names.at(-1)}`)
const percent = (share: number) => `${Math.round(100 * share)} %`
const three = (value: number) => fixed(value, 3)

const blocks: Record<string, { name: string; says: string }> = {
  x: { name: 'Bild', says: 'Das verrauschte Bild, eine Zahl je Pixel. Es ist so skaliert, dass seine Zahlen auf jedem Rauschniveau gleich weit streuen.' },
  enter: { name: 'Eingang', says: 'Eine erste Faltung sieht jedes Pixel und seine acht Nachbarn auf 64 Arten an: Striche, Kanten, Ecken. Das Rauschniveau ist hier noch nicht bekannt.' },
  'down 0.0': { name: 'Abwärts, fein', says: 'In voller Größe: Was ist Strich, was ist Korn? Eine Kopie dieser Karten geht über die obere Brücke.' },
  'down 1.0': { name: 'Abwärts, grob', says: 'Die Karten wurden halbiert: Aus vier Pixeln wurde eines. Ein Fenster von 3 × 3 deckt nun mehr als die halbe Ziffer ab, und Attention die ganze.' },
  middle: { name: 'Mitte', says: 'Wo die Sicht am gröbsten ist. Jede der 128 Karten hat nur noch 16 Stellen.' },
  'up 1.0': { name: 'Aufwärts, grob', says: 'Die Antwort der Mitte und die Kopie von der unteren Brücke, gegeneinander abgewogen: der Block mit den meisten Gewichten.' },
  'up 0.0': { name: 'Aufwärts, fein', says: 'Wieder verdoppelt und mit der feinen Kopie von der oberen Brücke verbunden: Die grobe Entscheidung kommt auf die genauen Pixel zurück.' },
  answer: { name: 'Antwort', says: 'Eine letzte Faltung macht aus den 64 Karten eine. Mit dem richtigen Anteil des verrauschten Bildes ist sie die Schätzung: der sauberen Ziffer oder des Rauschens.' },
}
const parts: Record<string, { name: string; says: string }> = {
  time: { name: 'Rauschniveau', says: 'das Rauschniveau' },
  class: { name: 'Klasse', says: 'die Klasse' },
  middle: { name: 'Mittlerer Block', says: 'den mittleren Block' },
  'skip 1.0': { name: 'Grober Skip, 4 × 4', says: 'den groben Skip' },
  'skip 0.0': { name: 'Feiner Skip, 8 × 8', says: 'den feinen Skip' },
  'attention down 1.0': { name: 'Attention auf dem Weg hinab', says: 'die Attention auf dem Weg hinab' },
  'attention middle': { name: 'Attention in der Mitte', says: 'die Attention in der Mitte' },
  'attention up 1.0': { name: 'Attention auf dem Weg hinauf', says: 'die Attention auf dem Weg hinauf' },
}
const block = (name: string) => blocks[name]?.name ?? name
const part = (name: string) => parts[name] ?? { name, says: name }

export default {
  labels: {
    scene: 'Ein UNet als Gebäude',
    block,
    answers: { clean: 'Antwort: das Bild', noise: 'Antwort: das Rauschen' },
    blockSays: (name) => blocks[name]?.says ?? '',
    part: (name) => part(name).name,
    bridges: { 'skip 0.0': 'feiner Skip', 'skip 1.0': 'grober Skip' },
    toldClass: (digit) => (digit === undefined ? 'keine Klasse' : `Klasse ${digit}`),
    legend: { way: 'der Weg des Bildes', skip: 'Skips', told: 'Rauschniveau und Klasse', attention: 'Attention' },
    digit: 'Ziffer',
    another: 'Eine andere',
    noise: 'Rauschen, Zeit t',
    clean: 'fast sauber',
    pure: 'reines Rauschen',
    fresh: 'Neues Rauschen',
    tell: 'Dem Netz wird gesagt',
    tells: (digit) => [['true', `die Wahrheit (${digit})`], ['none', 'keine Klasse'], ...Array.from('0123456789', (one) => [one, `es sei eine ${one}`])] as [string, string][],
    read: 'Die Antwort lesen als',
    reads: { clean: 'das saubere Bild', noise: 'das Rauschen' },
    view: 'Ansehen',
    views: { parts: 'Teile zum Wegnehmen', block: 'In einem Block', attention: 'Wohin es sieht' },
    goesIn: 'geht hinein',
    whole: 'Antwort, alle Teile an',
    cut: 'Antwort, Ihre Schalter',
    difference: 'Unter\u00ADschied der beiden',
    truth: { clean: 'die Wahrheit', noise: 'das beigemischte Rauschen' },
    error: (error) => `Fehler ${three(error)}`,
    errorMeans: 'Fehler: die mittlere quadratische Abweichung von der Wahrheit, über die 64 Pixel.',
    everythingOn: 'Nichts ist weggenommen. Schalten Sie etwas aus und sehen Sie wieder hin.',
    without: (names, cut, whole) => {
      const taken = `Ohne ${several(names.map((name) => part(name).says))} ist der Fehler ${three(cut)} statt ${three(whole)}: `
      const times = cut / whole
      return taken + (times > 1.05 ? `${fixed(times, 1)}-mal so groß.` : times < 0.95 ? 'kleiner, dieses Mal; versuchen Sie anderes Rauschen.' : 'fast unverändert.')
    },
    parts: 'Eingeschaltet',
    restore: 'Alles wieder einschalten',
    play: 'Durchgehen',
    next: 'Nächster Block',
    chosen: 'Block',
    about: (channels, side, weights) =>
      `${channels === 1 ? 'Eine Karte' : `${channels} Karten`} von ${side} × ${side}${weights === undefined ? '' : `, gemacht mit ${number(weights)} Gewichten`}.`,
    key: (most) => `Blau ist unter null, Orange darüber; volle Farbe ab ${most < 10 ? fixed(most, 1) : Math.round(most)}.`,
    maps: (name, channels) => `${channels} Merkmalskarten des Blocks ${block(name)}`,
    attendsIn: { 'down 1.0': 'auf dem Weg hinab', middle: 'in der Mitte', 'up 1.0': 'auf dem Weg hinauf' },
    heads: (count) => [...Array.from({ length: count }, (_, i) => [String(i + 1), String(i + 1)] as [string, string]), ['all', 'ihr Mittel'] as [string, string]],
    head: 'Kopf',
    place: (row, column) => `Zeile ${row}, Spalte ${column}`,
    places: 'Eine der 4 × 4 Stellen wählen',
    percent,
    looks: (row, column, shares) =>
      `Von Zeile ${row}, Spalte ${column} sieht es am meisten auf ${several(shares.map((one) => `Zeile ${one.row}, Spalte ${one.column} (${percent(one.share)})`))}. Gleich verteilt bekäme jede Stelle 6 %.`,
    described: (digit, t, off, chosen) =>
      `Acht Stationen eines Netzes von links nach rechts: das obere Stockwerk mit Karten von 8 mal 8, das untere mit Karten von 4 mal 4, zwei Brücken dazwischen. Hindurch fließt eine ${digit} zur Zeit ${t}. ${off.length ? `Weggenommen: ${several(off.map((name) => part(name).says))}.` : 'Alle Teile sind an.'}${chosen ? ` Gewählt: ${block(chosen)}.` : ''}`,
  },
  text: {
    title: 'Das Netz',
    short: 'Netz',
    lead: 'Was war dieses Bild vor dem Rauschen? Eine Maschine beantwortet diese Frage, in jedem Schritt jeder Wanderung. Hier können Sie hineinsehen.',
    sections: [
      {
        heading: 'Hinab, und wieder hinauf',
        text: [
          'Sie sehen das echte [[network|Netz]] dieser Lektion bei der Arbeit, mit allen seinen Zahlen. Links kommt eine verrauschte Ziffer hinein. Jeder Block macht aus einem Stapel von [[feature map|Merkmalskarten]] einen anderen, durch [[convolution|Faltung]]: kleine Fenster von 3 × 3, deren Gewichte gelernt wurden. [Wählen Sie einen Block](network.view=block&network.block=down+0.0) und sehen Sie seine Karten an, eine je [[channel|Kanal]]. Manche haben Striche gefunden, manche Kanten, manche den leeren Hintergrund.',
          'Ein Fenster von 3 × 3 sieht nicht weit. Es kann einen Fleck nicht von einem Stück Strich unterscheiden. Darum wird das Bild auf dem Weg hinab halbiert, und dasselbe Fenster deckt doppelt so viel davon ab. Im [unteren Stockwerk](network.view=block&network.block=middle) sieht das Netz die ganze Ziffer und kann entscheiden, *was es ist*. Dann wird das Bild wieder verdoppelt, um zu sagen, *wo genau* jeder Strich liegt. Der Weg geht hinab und hinauf wie der Buchstabe U, darum heißt der Plan [[UNet]].',
          'Aber das Halbieren vergisst, welches von vier Pixeln das dunkle war. Die Brücken tragen das hinüber: Ein [[skip connection|Skip]] nimmt die feinen Karten von vor dem Halbieren und verbindet sie nach dem Verdoppeln wieder. [Schalten Sie den feinen Skip bei wenig Rauschen aus](network.view=parts&network.tell=true&network.off=skip+0.0&network.t=0.2): Die Ziffer ist noch da, aber ihre Striche liegen nicht mehr genau dort, wo sie waren. Auf Ziffern, mit denen nie trainiert wurde, wird der Fehler bei t = 0,2 fünfmal so groß: 0,145 statt 0,029. [Bei t = 0,9](network.view=parts&network.off=skip+0.0&network.t=0.9) macht der Skip kaum etwas aus, denn dort *sind* die feinen Einzelheiten Rauschen. (Die Ziffern, die Sie hier wählen können, waren unter seinen Beispielen, darum sind die Fehler auf ihnen etwas kleiner.)',
        ],
      },
      {
        heading: 'Ihm wird gesagt, wie verrauscht es ist',
        text: [
          'Ein Netz dient allen Rauschniveaus, und ihm wird gesagt, welches es vor sich hat. Das Niveau wird als Reihe von Wellen verschiedener Länge geschrieben, das [[time embedding|Zeit-Embedding]]. Ein kleines Netz macht daraus 256 Zahlen, die [[class|Klasse]] der Ziffer wird addiert, und die grüne Linie bringt sie zu jedem Block. Dort wird jeder Kanal mit einer Zahl multipliziert und um eine andere verschoben.',
          '[Nehmen Sie das Rauschniveau weg](network.view=parts&network.tell=true&network.off=time&network.t=0.8), und das Netz traut einem verrauschten Bild viel zu sehr: Bei t = 0,8 wird der Fehler mehr als doppelt so groß, 0,37 statt 0,16. Dann [sagen Sie ihm eine falsche Klasse](network.view=parts&network.off=&network.tell=5&network.t=0.1). Bei wenig Rauschen glaubt es dem Bild: Bei t = 0,1 liest sich die Antwort in 99 von 100 Fällen noch als die wahre Ziffer. [Bei t = 0,8](network.view=parts&network.off=&network.tell=5&network.t=0.8) zeichnet es jedes Mal die Klasse, die ihm gesagt wurde.',
        ],
        equations: [{ says: 'In jedem Block wird jede Karte h mit Zahlen skaliert und verschoben, die nur von der Zeit t und der Klasse c abhängen.' }],
      },
      {
        heading: 'Umhersehen',
        text: [
          'Im unteren Stockwerk gibt es [[attention|Attention]]. Jede Stelle fragt alle sechzehn Stellen, welche für sie wichtig sind, und übernimmt, was diese enthalten. Die Anteile ergeben zusammen 100 %. Zwei [[head|Köpfe]] tun das nebeneinander, jeder auf seine Art. [Wählen Sie eine Stelle](network.view=attention&network.tell=true&network.place=9) und sehen Sie, wohin sie sieht. Die Kosten wachsen mit dem Quadrat der Zahl der Stellen, darum ist Attention im groben Stockwerk.',
          'Wie wichtig ist jeder Teil? Probieren Sie es, und trauen Sie den Zahlen mehr als der Zeichnung. In diesem kleinen Netz sind das Rauschniveau, die Klasse und der feine Skip sehr wichtig. Der mittlere Block, der grobe Skip und Attention sind kaum wichtig: Nach einem Halbieren ist eine Ziffer von 8 × 8 ganz zu sehen. In Netzen für große Bilder liegen ferne Ecken Hunderte von Pixeln auseinander. Dort wird Attention gebraucht.',
        ],
        equations: [{ says: 'Wie viel die Stelle i von der Stelle j übernimmt: je besser ihre Frage q zum Schlüssel k der anderen passt, desto mehr.' }],
      },
      {
        heading: 'Eine Frage, mehrere Fassungen',
        text: [
          'Soll das Netz sagen, was das saubere Bild ist, oder was das Rauschen ist? Es ist dieselbe Frage. Das verrauschte Bild ist bekannt: Es ist Alpha mal das eine plus Sigma mal das andere. Wer eines davon kennt, kann das andere berechnen. [Lesen Sie die Antwort als das Rauschen](network.read=noise), und Sie sehen eine Antwort auf beide Arten.',
          'Verschieden ist, welche Fehler zählen. Bei wenig Rauschen ist ein kleiner Fehler im Bild ein großer im Rauschen. Bei viel Rauschen ist es umgekehrt. Darum werden viele Netze nach einer Mischung gefragt, die an beiden Enden taugt: nach der [[velocity (v)|Geschwindigkeit (v)]] oder, wie hier, nach dem Bild weniger dem Anteil, den das verrauschte Bild schon zeigt. Diese Wahl heißt [[parameterization|Parametrisierung]].',
          'Dieses Netz hat 1.785.345 Gewichte, mehr als drei Viertel davon im unteren Stockwerk. Bekannte Modelle für große Bilder haben mehrere hundert Mal so viele.',
        ],
        equations: [{ says: 'Die Schätzung des Rauschens aus der Schätzung des Bildes, und zurück.' }],
      },
    ],
  },
} satisfies Said<typeof english>
