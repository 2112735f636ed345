import type * as english from '../../english/quiz/idea'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Was ist der Vorwärtsprozess?',
      options: [
        { text: 'Ein festes Rezept, das den Daten immer mehr zufälliges Rauschen beimischt', says: 'Er ist nicht mehr als `x = α·x₀ + σ·ε`, mit fallendem α und steigendem σ. Er hat keine Gewichte, also ist nichts daran zu trainieren.' },
        { text: 'Ein Netz, das lernt, Bilder zu zerstören, damit ein zweites Netz lernen kann, sie zu reparieren', says: 'Zwei Netze, die gegeneinander spielen, machen ein GAN. Hier ist das Zerstören einfaches Rechnen: Rauschen zu addieren, muss niemand lernen.' },
        { text: 'Der Teil des Netzes, der ein Bild zu einem kurzen Code zusammenpresst', says: 'Das ist der Encoder eines Autoencoders. Der Vorwärtsprozess presst nichts zusammen: Ein verrauschtes Bild hat so viele Zahlen wie das saubere.' },
        { text: 'Der Vorwärtslauf des Netzes, bei dem Rauschen hineingeht und ein Bild herauskommt', says: 'Dasselbe Wort für etwas anderes. „Vorwärts“ heißt hier vorwärts in der Zeit, von den Daten zum Rauschen; der Vorwärtslauf eines Netzes ist irgendein Aufruf davon.' },
      ],
    },
    {
      ask: 'Ein Foto wurde ganz bis zum Ende verrauscht. „Es ist noch darin“, sagt ein Freund, „das Modell muss es nur entziffern.“ Stimmt das?',
      options: [
        { text: 'Ja, im Rauschen verborgen: Ein hinreichend gutes Modell brächte genau dieses Foto zurück', says: 'Es ist nichts mehr zu entziffern. Am Ende ist α gleich 0, jedes Foto der Welt führt also zur selben Art von Rauschen, und kein Modell könnte sagen, welches es war.' },
        { text: 'Zur Hälfte: Am Ende haben Signal und Rauschen gleiche Anteile an jedem Pixel', says: 'Gleiche Anteile gibt es in der Mitte des Wegs. Am Ende ist der Anteil des Signals null.' },
        { text: 'Nein. Das Modell macht aus diesem Rauschen irgendein Bild, aber kaum dieses', says: 'Am Ende ist α gleich 0: Das Foto hat keine Spur hinterlassen. Zurückzuwandern *macht* ein Bild, das wahrscheinlich ist; es holt keines *zurück*, das da war.' },
        { text: 'Nur wenn das Rauschen aus einem bekannten Seed kam, sodass man es wieder abziehen kann', says: 'Auch dann nicht. Mit α = 0 *ist* das verrauschte Bild das Rauschen; zieht man es ab, bleiben Nullen. (Auf halbem Weg, wo α über 0 ist, ginge es. Einem Modell wird das Rauschen nie gesagt.)' },
      ],
    },
    {
      ask: 'Zwanzigtausend neue Punkte werden zufällig geworfen und zurückgeholt. Folgen Sie einem einzigen: Wo endet er?',
      look: 'Folgen Sie einigen der gezeichneten Linien von außen bis zu ihrem Ende. Dann drücken Sie „Neues Rauschen“ und sehen, wo sie nun enden.',
      options: [
        { text: 'An der Stelle der Form, an der er war, bevor das Rauschen kam', says: 'Er war nie auf der Form: Er ist ein neuer Punkt, eben erst zufällig geworfen.' },
        { text: 'Irgendwo auf der Form; wo, hängt vom Rauschen ab, als das er begann', says: 'Jede Wanderung endet auf der Form, und jeder Anfang hat sein eigenes Ende. Alle Enden zusammen haben die Verteilung der Form, und mehr war nicht verlangt.' },
        { text: 'In der Mitte der Form, weil sich Rauschen zu null ausgleicht', says: 'Rauschen gleicht sich über viele Punkte aus, nicht für einen. Die allererste Schätzung liegt nahe der Mitte, wenn noch nichts bekannt ist; jeder Schritt weiß dann etwas mehr.' },
        { text: 'Auf der Form, aber jedes Mal anderswo, selbst vom selben Rauschen aus', says: 'Diese Wanderung fügt unterwegs kein eigenes Rauschen hinzu, derselbe Anfang hat also dasselbe Ende. (Manche Sampler fügen Rauschen hinzu; dann stimmte es.)' },
      ],
    },
    {
      ask: 'Der Rückweg wird auf halber Strecke angehalten. Was sehen Sie?',
      look: 'Die Szene steht auf halbem Rückweg. Vergleichen Sie mit dem Hinweg: Drücken Sie „Auflösen“ und halten Sie wieder auf halber Strecke an.',
      options: [
        { text: 'Die Hälfte der Punkte auf der fertigen Form, den Rest noch in der Kugel', says: 'Alle Punkte sind zur selben Zeit auf demselben Rauschniveau. Keiner kommt vor den anderen an.' },
        { text: 'Die fertige Form, in halber Größe', says: 'Die Form ist tatsächlich um α verkleinert. Aber σ ist auf halbem Weg so groß wie α, jeder Punkt ist also weit über die Dicke der Form hinaus verwischt.' },
        { text: 'Eine Kugel wie am Anfang: Bis zu den letzten Schritten zeigt sich nichts', says: 'Der grobe Umriss kommt zuerst: Das Rauschen dieses Niveaus verdeckt ihn nicht. Das Feine wartet auf die letzten Schritte.' },
        { text: 'Eine verwischte Wolke, so verrauscht wie die Form auf halbem Hinweg', says: 'Der Rückweg geht durch dieselben Rauschniveaus wie der Hinweg, und auf jedem sieht die Wolke der Punkte gleich aus. Das macht ihn zu einem Weg *zurück*.' },
      ],
    },
    {
      ask: 'Der Knoten, die Spirale, Ihre eigene Zeichnung: Am verrauschten Ende sehen alle gleich aus. Warum ist das wichtig?',
      options: [
        { text: 'Es zeigt, dass das Modell alle Formen gleich gut gelernt hat', says: 'An diesem Ende ist noch nichts gelernt: Im Vorwärtsprozess ist kein Modell.' },
        { text: 'Es gibt einen Anfang, aus dem jeder ziehen kann, was auch die Daten sind', says: 'Niemand weiß, wie man aus „allen Fotos von Katzen“ zieht. Jeder weiß, wie man aus einer Gauß-Verteilung zieht. Der Vorwärtsprozess verbindet die beiden.' },
        { text: 'Es hält die Daten geheim, weil man eine Form nicht aus ihrem Rauschen erkennt', says: 'Das Rauschen verrät tatsächlich nichts. Aber das Modell hat die Daten gesehen, und was es gelernt hat, kann etwas davon preisgeben.' },
        { text: 'Ein trainiertes Modell kann jede Form machen, weil alle bei einer Kugel beginnen', says: 'Der Anfang ist gleich, der Rückweg nicht: Die Schätzungen des Entrauschers gehören zu den Daten, die er kennt. Eine andere Form braucht einen anderen Entrauscher (oder einen, dem gesagt wird, welche Form).' },
      ],
    },
    {
      ask: 'Von nichts zu einem neuen Bild: Ordnen Sie das Leben eines Diffusionsmodells.',
      first: 'zuerst',
      last: 'zuletzt',
      steps: [
        { text: 'Beispiele sammeln', says: 'Mehr wird das Modell nie von der Welt wissen.' },
        { text: 'Rauschen jeder Stärke beimischen', says: 'Das macht die Übungen: Zu jedem verrauschten Bild ist das saubere bekannt.' },
        { text: 'Ein Netz trainieren, das saubere Beispiel zu schätzen', says: 'Der einzige Schritt, der lernt. Er geschieht einmal und braucht fast die ganze Zeit.' },
        { text: 'Reines Rauschen ziehen', says: 'Von hier an wird kein Beispiel mehr gebraucht.' },
        { text: 'Ein wenig auf die Schätzung des Netzes zugehen', says: 'Ein wenig, denn die Schätzung ist grob, solange viel Rauschen da ist.' },
        { text: 'Wieder schätzen, bis kein Rauschen übrig ist', says: 'Jede Schätzung ist besser als die davor, weil sie durch weniger Rauschen sehen muss.' },
      ],
    },
    {
      ask: 'Das soll zweitausend Punkte des Knotens zurückholen, aber es druckt in jeder Richtung eine Streuung von 0. Welche Zeile ist falsch?',
      lines: [
        { says: 'Zwanzig Schritte den Kosinus-Plan hinab: wie es sein soll.' },
        { says: 'Jeder Punkt bekommt den Seed 0, also dasselbe Rauschen, also dieselbe Wanderung: zweitausend Kopien eines Punkts. Ein Seed steht für ein Bild, jedes braucht also seinen eigenen.' },
        { says: 'Die Wanderung selbst ist in Ordnung. DDIM fügt unterwegs kein Rauschen hinzu, also gibt es gleichen Anfängen zu Recht gleiche Enden.' },
        { says: 'Die Streuung über alle Punkte, in jeder der drei Richtungen: das Richtige zum Ansehen, und es sagt die Wahrheit.' },
      ],
    },
  ],
} satisfies Said<typeof english>
