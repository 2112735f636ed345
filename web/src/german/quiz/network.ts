import type * as english from '../../english/quiz/network'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Was bekommt das Netz bei einem Aufruf zu sehen?',
      options: [
        { text: 'Das verrauschte Bild und wie verrauscht es ist', says: 'Und die Klasse oder die Wörter, wenn es welche gibt. Sonst nichts: keine Erinnerung an frühere Schritte, kein Beispiel zum Ansehen.' },
        { text: 'Das verrauschte Bild und alle Schritte, die dorthin führten', says: 'Jeder Aufruf steht für sich. Manche *Sampler* merken sich frühere Antworten; das Netz merkt sich nichts.' },
        { text: 'Das saubere Bild und das Rauschniveau', says: 'Dann gäbe es nichts zu schätzen. Das saubere Bild kommt nur im Training vor, als die Wahrheit, mit der die Antwort verglichen wird.' },
        { text: 'Reines Rauschen und den Seed des Bildes', says: 'Der Seed macht das Rauschen, vor dem ersten Aufruf. Was das Netz sieht, ist ein Bild, zuerst ein sehr verrauschtes.' },
      ],
    },
    {
      ask: 'Ein Modell wird auf tausend Rauschniveaus trainiert. Wie viele Netze sind das?',
      options: [
        { text: 'Eines, dem bei jedem Aufruf das Niveau gesagt wird', says: 'Das Niveau wird zu einer Reihe von Wellen verschiedener Länge, und diese Zahlen skalieren und verschieben, was jeder Block rechnet. So wirkt ein Satz von Gewichten auf jedem Niveau anders.' },
        { text: 'Eines, das das Niveau selbst herausfinden muss', says: 'Oft könnte es das, Rauschen ist leicht zu messen. Aber es zu sagen, ist billig und immer richtig; probieren Sie, was geschieht, wenn man es dem Netz verschweigt.' },
        { text: 'Zwei, eines für grobe Formen und eines für Feines', says: 'Manche große Systeme benutzen für einen Teil der Niveaus ein zweites Netz. Nötig ist es nicht, und tausend Niveaus verlangen nicht danach.' },
        { text: 'Tausend, die ihre ersten Schichten teilen', says: 'Benachbarte Niveaus sind so ähnlich, dass tausend Netze tausendmal fast dasselbe lernen würden.' },
      ],
    },
    {
      ask: 'Der Skip in voller Größe trägt das feine Bild an der groben Mitte vorbei. Nehmen Sie ihn weg: Wo leidet die Antwort am meisten?',
      look: 'Der feine Skip ist aus, und es gibt wenig Rauschen: Vergleichen Sie die beiden Fehler. Dann gehen Sie zu viel Rauschen und vergleichen wieder.',
      options: [
        { text: 'Bei viel Rauschen, wo das Netz alle Hilfe braucht, die es bekommen kann', says: 'Bei viel Rauschen gibt es nichts Feines zu tragen: Es ist Rauschen. Fast nur der grobe Weg durch die Mitte zählt, und die Antwort ändert sich kaum.' },
        { text: 'Bei wenig Rauschen, wo das Feine noch zu sehen ist', says: 'Bei wenig Rauschen ist die Aufgabe, fast jedes Pixel zu lassen, wie es ist. Durch die grobe Mitte allein lassen sich die Pixel nicht an ihre Stellen zurückbringen: Auf zurückgehaltenen Ziffern wird der Fehler fünfmal so groß.' },
        { text: 'Auf allen Niveaus gleich, denn der Skip wird bei jedem Aufruf benutzt', says: 'Er wird bei jedem Aufruf benutzt, aber was er trägt, ist nur dort etwas wert, wo Feines zu sehen ist.' },
        { text: 'Nirgends: Ein Skip macht nur das Training schneller, das trainierte Netz kommt ohne aus', says: 'Manche Skips helfen vor allem im Training. Dieser trägt Information, die keinen anderen Weg zum Ende hat.' },
      ],
    },
    {
      ask: 'Dem Netz wird das Rauschniveau nicht mehr gesagt. Wo ist seine Antwort am schlechtesten?',
      look: 'Das Rauschniveau ist ausgeschaltet, und es gibt viel Rauschen: Vergleichen Sie die beiden Antworten. Dann gehen Sie zu wenig Rauschen.',
      options: [
        { text: 'Bei viel Rauschen, wo es Korn für Striche hält', says: 'Es liest jedes Bild, als wäre es ziemlich sauber, und traut einem sehr verrauschten darum viel zu sehr. Auf zurückgehaltenen Ziffern wächst der Fehler um 0,20 bei t = 0,8, und um 0,03 bei t = 0,2.' },
        { text: 'Bei wenig Rauschen: Es wischt weg, was klar zu sehen ist', says: 'Schlechter wird es dort auch, aber weniger: Bei wenig Rauschen ist das meiste der Antwort das Bild selbst, und dieser Teil braucht kein Netz.' },
        { text: 'Nirgends: Das Rauschen in einem Bild ist zu sehen, man muss es nicht sagen', says: 'Im Prinzip ließe es sich messen. Aber diesem Netz wurde es immer gesagt, also hat es nie gelernt zu messen.' },
        { text: 'Überall versagt es ganz: Ohne Niveau kommt keine Antwort heraus', says: 'Eine Antwort kommt immer heraus. Die anderen Teile arbeiten weiter; ihre Skalierungen und Verschiebungen gehören nur zu einem anderen Niveau.' },
      ],
    },
    {
      ask: 'Was fügt Attention hinzu, das Faltungen fehlt?',
      options: [
        { text: 'Jede Stelle kann jede andere im Bild ansehen, so weit entfernt sie auch ist', says: 'Eine 3×3-Faltung sieht nur ihre Nachbarn. Mit Attention kann das Ende eines Strichs seinen Anfang beachten, in einem einzigen Schritt. Die Kosten wachsen mit dem Quadrat der Zahl der Stellen, darum benutzt man sie, wo das Bild grob ist.' },
        { text: 'Sie lässt das Netz nur die wichtigen Teile ansehen, um Zeit zu sparen', says: 'Jede Stelle wird in jedem Fall berechnet, und Attention macht das Netz langsamer. Die Gewichte sagen nur, wie viel von welcher anderen Stelle beigemischt wird.' },
        { text: 'Sie lässt das Netz sich merken, was es in früheren Schritten gesehen hat', says: 'Sie sieht quer durchs Bild, nicht zurück in der Zeit. Das Netz merkt sich zwischen Aufrufen nichts.' },
        { text: 'Sie sagt dem Netz, welche Klasse von Bild verlangt ist', says: 'In diesem Netz kommt die Klasse mit dem Rauschniveau herein, durch Skalieren und Verschieben. In Modellen, die Wörter lesen, kommen die Wörter durch Attention herein, aber Attention im Bild ist etwas anderes.' },
      ],
    },
    {
      ask: 'Ein Netz wird trainiert, das Rauschen auszugeben, ein anderes das saubere Bild. Was ist der Unterschied?',
      options: [
        { text: 'Das erste kann nur Rauschen wegnehmen, das zweite kann auch Bilder machen', says: 'Beide machen Bilder auf dieselbe Art. Jede Antwort lässt sich in die andere umrechnen.' },
        { text: 'Das erste braucht einen eigenen Sampler, denn es beantwortet eine andere Frage', says: 'Eine Zeile Rechnung macht aus der einen Antwort die andere, und der Sampler merkt es nie.' },
        { text: 'Keiner in dem, was sie wissen, aber an den Enden des Wegs irren sie verschieden', says: 'Mit x und seinem Niveau folgt das eine aus dem anderen. Aber bei sehr viel Rauschen ist ein kleiner Fehler im Rauschen ein riesiger im Bild, und nahe sauberen Daten umgekehrt. Ziele wie v liegen dazwischen und gehen an beiden Enden gut.' },
        { text: 'Das zweite ist schärfer, denn es sieht im Training nie Rauschen', says: 'Beide sehen dieselben verrauschten Bilder. Sie unterscheiden sich nur in den Zahlen, die sie hinschreiben sollen.' },
      ],
    },
    {
      ask: 'Folgen Sie einem Bild durch das UNet.',
      first: 'zuerst',
      last: 'zuletzt',
      steps: [
        { text: 'Eine erste Faltung verteilt es auf viele Kanäle', says: 'Jeder Kanal sucht etwas Eigenes.' },
        { text: 'Blöcke in voller Größe; eine Kopie wird beiseitegelegt', says: 'Die Kopie ist der Skip: Sie hält das Feine.' },
        { text: 'Es wird halbiert, und Blöcke bearbeiten die grobe Sicht', says: 'Dasselbe 3×3-Fenster deckt nun doppelt so viel vom Bild ab.' },
        { text: 'Die Mitte, wo die Sicht am gröbsten ist', says: 'Jede Stelle steht nun für ein großes Stück des Bildes, und Attention vergleicht sie alle.' },
        { text: 'Es wird verdoppelt, und die beiseitegelegte Kopie kommt dazu', says: 'Was es ist, von unten, und wo genau, aus der Kopie.' },
        { text: 'Eine letzte Faltung schreibt die Antwort', says: 'Sie hat die Größe des Bildes, das hereinkam.' },
      ],
    },
  ],
} satisfies Said<typeof english>
