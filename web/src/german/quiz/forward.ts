import type * as english from '../../english/quiz/forward'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Das Training will ein Bild beim Zeitschritt 700 von 1000. Wie oft muss dafür Rauschen beigemischt werden?',
      options: [
        { text: 'Einmal, mit α und σ des Zeitschritts 700', says: 'Eine Summe unabhängiger Gauß-Größen ist wieder eine Gauß-Größe. 700 kleine Dosen Rauschen wirken also wie eine große, und der Rauschplan sagt, wie groß.' },
        { text: '300-mal, vom verrauschten Ende zurückgezählt', says: 'Vom verrauschten Ende zu zählen, tut das Sampling, mit einem Netz. Der Vorwärtsprozess beginnt beim sauberen Bild und braucht kein Netz.' },
        { text: '700-mal, jeder Schritt beginnt, wo der vorige aufhörte', says: 'Das ginge und gäbe ein Bild mit derselben Statistik, mit 700-mal so viel Arbeit. Die geschlossene Formel macht das Training bezahlbar.' },
        { text: '1000-mal, denn α und σ kennt man erst, wenn man die ganze Kette kennt', says: 'α und σ folgen allein aus dem Rauschplan, bevor es ein Bild gibt. Man schlägt sie in einer Tabelle nach.' },
      ],
    },
    {
      ask: 'Auf einem Niveau ist α = 0,6 und σ = 0,8. Die Daten haben Varianz 1. Welche Varianz hat das verrauschte Bild?',
      options: [
        { text: '0,48, das Produkt von 0,6 und 0,8', says: 'Signal und Rauschen werden addiert, nicht miteinander multipliziert.' },
        { text: '0,8, denn nur das Rauschen schwankt', says: 'Auch die Daten schwanken, von Bild zu Bild und von Pixel zu Pixel; und das Rauschen hat die Varianz σ² = 0,64, nicht σ.' },
        { text: '1: Sie bleibt, was sie war', says: '0,6² + 0,8² = 1. Varianzen unabhängiger Größen addieren sich, und ein Plan mit α² + σ² = 1 hält die Summe überall bei 1. Ein solcher [[schedule|Rauschplan]] heißt [[variance preserving|varianzerhaltend]].' },
        { text: '1,4, die Summe von 0,6 und 0,8', says: 'Was sich addiert, sind die Varianzen, die *Quadrate*: 0,36 + 0,64. Die einfachen Faktoren zu addieren, ist ein häufiges Versehen.' },
      ],
    },
    {
      ask: '„Das Bild wurde nur mit α multipliziert. Teile also das verrauschte Bild durch α, und du hast es zurück.“ Was kommt dabei heraus?',
      options: [
        { text: 'Das saubere Bild, solange α nicht zu klein zum Teilen ist', says: 'Das Teilen macht das Verkleinern rückgängig, nicht aber das Rauschen, das auch geteilt wird: Es wächst von σ auf σ/α.' },
        { text: 'Das saubere Bild mit Rauschen der Größe σ/α, so schwer zu erkennen wie vorher', says: 'Heller, aber nicht klarer. Nur das Verhältnis von Signal zu Rauschen entscheidet, was zu sehen ist, und kein Multiplizieren ändert ein Verhältnis.' },
        { text: 'Nur das Rauschen: Das Teilen durch α nimmt das Bild heraus und lässt, was dazukam', says: 'Das Bild ist noch in der Summe, nun in voller Größe.' },
        { text: 'Ein sauberes Bild, aber nicht dasselbe: ein anderes, das ebenso gut zum Rauschen passt', says: 'Das wäre ein Bild aus einem Modell, das gelernt hat, wie Bilder aussehen. Ein Teilen hat nichts gelernt.' },
      ],
    },
    {
      ask: 'Auf halbem Weg, bei t = 0,5, lässt der Kosinus-Plan α = 0,70 vom Bild übrig. Wie groß ist α zur selben Zeit auf DDPMs linearem Plan?',
      look: 'Die Szene steht auf halbem Weg, auf dem linearen Plan. Lesen Sie α unter der Szene. Dann wählen Sie den Kosinus-Plan und vergleichen die Bilder.',
      says: 'α ist auf dem linearen Plan 0,28: Das meiste vom Bild ist weg. Der Kosinus-Plan wurde dafür gemacht. Er verbringt nicht so viele Schritte bei Bildern, die fast nur Rauschen sind.',
      others: [
        { text: '0,5: Linear heißt gleichmäßig', says: 'Linear ist nur β, die Varianz jeder kleinen Dosis. Die Dosen häufen sich, und auf halbem Weg ist α schon auf 0,28 gefallen.' },
        { text: '0,7: Halber Weg ist halber Weg', says: 'Ein Plan verbringt seine Zeit, wo er will. Nur die beiden Enden stehen fest, und auch die nur beinahe.' },
        { text: 'Es hängt vom Bild ab', says: 'Was man erkennt, hängt davon ab; große Formen halten länger. Aber α und σ sind für alle Bilder gleich.' },
      ],
    },
    {
      ask: 'Ein Bild unter sehr viel Rauschen, bei t = 0,9. Könnte genau dasselbe verrauschte Bild ein anderes Bild mit anderem Rauschen sein?',
      look: 'Lesen Sie die Quote unter den beiden Summen. Dann gehen Sie hinab zu t = 0,3 und lesen sie noch einmal.',
      options: [
        { text: 'Nein: Sie wurde aus diesem Bild gemacht, also ist dieses Bild darin', says: 'Sie wurde aus diesem Bild gemacht, aber kaum eine Spur ist übrig. Was da ist, passt zu vielen Bildern.' },
        { text: 'Ja, und die Quote zwischen beiden ist fast ausgeglichen', says: 'Das andere Bild braucht anderes Rauschen, und das ist fast ebenso wahrscheinlich. Das verrauschte Bild selbst sagt also nicht, was es war. Der Rückweg wird wählen müssen. Bei t = 0,3 ist die Quote riesig: Dort sagt es das noch.' },
        { text: 'Ja, aber ein gutes Netz kann immer sagen, welches es war', says: 'Das kann kein Netz. Ist die Quote ausgeglichen, so ist die beste Schätzung ein Mittel aus beiden.' },
        { text: 'Nur wenn beide Bilder dasselbe Rauschen bekommen haben', says: 'Umgekehrt. Dasselbe Rauschen auf verschiedenen Bildern gibt verschiedene verrauschte Bilder. Für dasselbe verrauschte Bild muss das Rauschen verschieden sein.' },
      ],
    },
    {
      ask: 'Ein kleiner Schritt von DDPM ist `x ← √(1 − β)·x + √β·ε`. Warum wird das alte Bild überhaupt verkleinert, und nicht nur Rauschen addiert?',
      options: [
        { text: 'Damit Pixel zwischen −1 und 1 bleiben, wo ein Bildschirm sie zeigen kann', says: 'Da bleiben sie nicht: Gaußsches Rauschen hat keine Grenzen, und verrauschte Pixel verlassen den Bereich ständig.' },
        { text: 'Sonst würde das Bild nie ertränkt, so viel Rauschen auch dazukäme', says: 'Doch: Gegen genug Rauschen geht jedes Bild verloren. Pläne, die nie verkleinern, gibt es („variance exploding“), und sie gehen. Ihre Zahlen werden nur groß.' },
        { text: 'Damit die Varianz gleich bleibt, während Rauschen hinzukommt', says: '(1 − β) der alten Varianz plus β neue ergeben wieder 1. Das Netz bekommt dann immer Zahlen derselben Größe, und das Ende ist eine Gauß-Verteilung mit Varianz 1.' },
        { text: 'Weil Rauschen Information wegnimmt und das Verkleinern den Verlust verbucht', says: 'Information geht verloren, weil Rauschen sie verdeckt. Mit einem bekannten Faktor zu verkleinern, verliert nichts: Man könnte wieder multiplizieren.' },
      ],
    },
    {
      ask: 'Fünf Rauschniveaus. Ordnen Sie sie danach, wie gut das Bild noch zu erkennen ist.',
      first: 'am klarsten',
      last: 'am verrauschtesten',
      steps: [
        { says: 'σ/α = 0,05: so gut wie sauber.' },
        { says: 'σ/α = 0,5. Mehr Rauschen als oben, aber auch doppelt so viel Bild: Nur das Verhältnis zählt.' },
        { says: 'σ/α = 0,75.' },
        { says: 'σ/α = 2: doppelt so viel Rauschen wie Bild.' },
        { says: 'σ/α = 10. Dasselbe σ wie beim zweiten, und zwanzigmal so verrauscht.' },
      ],
    },
    {
      ask: 'Mit diesem Code verblassen Bilder viel zu früh: In der Mitte von DDPMs Plan kommt α als 0,08 heraus und sollte 0,28 sein. Welche Zeile ist falsch?',
      lines: [
        { says: 'ᾱ, das Produkt aller (1 − β) bisher: was von der *Varianz* des Signals übrig ist.' },
        { says: 'ᾱ ist eine Varianz, und ein Bild wird mit einer Standardabweichung skaliert: mit ihrer Wurzel. 0,28² ist 0,08. Die Wurzel steht bei σ und fehlt bei α, α² + σ² ist also nicht mehr 1.' },
        { says: 'Frisches Gaußsches Rauschen in der Form des Bildes, wie es sein soll.' },
        { says: 'Die geschlossene Formel selbst ist richtig; sie bekommt ein falsches α.' },
      ],
    },
    {
      ask: 'Nach 1000 dieser Schritte ist das Bild weg, aber was übrig ist, hat die Standardabweichung 0,14 und sollte 1 haben. Welche Zeile ist falsch?',
      lines: [
        { says: 'Die Zeitschritte 1 bis T: richtig.' },
        { says: 'β des Zeitschritts k steht an der Stelle k − 1, weil Python ab 0 zählt.' },
        { says: 'In jedem Schritt neues Rauschen: richtig. Dasselbe wiederzuverwenden, würde es anhäufen.' },
        { says: 'β ist die *Varianz* des Rauschens, das dazukommt; der Faktor muss ihre Wurzel sein. β ist klein (höchstens 0,02), β statt √β fügt also viel zu wenig hinzu.' },
      ],
    },
  ],
} satisfies Said<typeof english>
