import type * as english from '../../english/quiz/training'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Was lernt ein Diffusionsnetz im Training vorherzusagen?',
      options: [
        { text: 'Ob ein Bild echt ist oder von einem Modell gemacht', says: 'Das lernt das zweite Netz eines [[GAN|GANs]]. Diffusion braucht keinen Gegner.' },
        { text: 'Das nächste Pixel, aus allen davor', says: 'Sprachmodelle und manche Bildmodelle gehen so Stück für Stück vor. Ein Diffusionsnetz antwortet für alle Pixel auf einmal.' },
        { text: 'Das Rauschen in einem verrauschten Bild oder, was auf dasselbe hinausläuft, das saubere Bild', says: 'Die Übung macht sich selbst: bekanntes Rauschen in ein Bild mischen, danach fragen, vergleichen. Alles Zeichnen besteht aus diesem einen Können.' },
        { text: 'Das Bild einen Schritt weniger verrauscht, sodass tausend Aufrufe tausend Schritte rückgängig machen', says: 'Es schätzt jedes Mal den ganzen Weg bis zum sauberen Bild. Wie viel von dieser Schätzung in einem Schritt benutzt wird, entscheidet der Sampler; darum kann ein auf 1000 Niveaus trainiertes Modell in 10 Schritten zeichnen.' },
      ],
    },
    {
      ask: 'Der Verlust fällt eine Minute lang und sieht dann eine Stunde lang flach aus. Was folgt daraus?',
      options: [
        { text: 'Dass das Training fertig ist: Was zu lernen war, ist gelernt, also aufhören', says: 'Sehen Sie die Bilder an: Sie werden noch besser, wenn die Kurve schon flach aussieht.' },
        { text: 'Nicht viel. Bilder ansehen, und den Verlust Niveau für Niveau', says: 'Das meiste des Verlusts ist Rauschen, das niemand vorhersagen kann, und es verdeckt kleine Gewinne. Aber diese machen aus Flecken Ziffern. Im Lauf dieses Kapitels waren neun Zehntel des Falls vorbei, als 6 von 40 Bildern noch nicht zu lesen waren.' },
        { text: 'Dass die Lernrate zu niedrig ist, um weiter hinabzukommen', says: 'Vielleicht, aber die Kurve kann es nicht sagen: Bei einer guten Rate sähe sie ebenso flach aus.' },
        { text: 'Dass das Netz nichts mehr lernt und größer sein sollte', says: 'Ein flaches Mittel ist kein Zeichen dafür. Es mittelt über leichte, schwere und hoffnungslose Niveaus und wird von dem beherrscht, was sich nicht lernen lässt.' },
      ],
    },
    {
      ask: 'Mit endlosem Training, einem vollkommenen Netz und unbegrenzten Daten: Warum erreicht der Verlust trotzdem nicht null?',
      options: [
        { text: 'Viele saubere Bilder passen zu einem verrauschten, und keine Antwort stimmt für alle', says: 'Die beste Antwort ist ihr Mittel, und es verfehlt jedes ein wenig. Dieser Boden gehört zu den Daten, nicht zum Netz: Auch der genaue Entrauscher hat ihn.' },
        { text: 'Rundungsfehler: Zahlen im Computer haben nur so viele Stellen', says: 'Sie sind viele tausend Mal kleiner als der Boden.' },
        { text: 'Das Netz sieht jedes Bild nur ein paarmal und lernt es also nie ganz', says: 'Unbegrenzte Daten und Training waren gegeben. (Bei wenigen Daten *kann* der Verlust gegen null gehen: indem die Bilder auswendig gelernt werden.)' },
        { text: 'Der stochastische Gradientenabstieg kommt dem Minimum nur nahe, nie hinein', says: 'Auch das stimmt, ist aber nicht der Grund. Das Minimum selbst liegt deutlich über null.' },
      ],
    },
    {
      ask: 'Das trainierte Netz schätzt das *Rauschen* in einem Bild. Wie groß ist sein Fehler auf jedem Rauschniveau? Zeichnen Sie die Kurve.',
      look: 'Jedes Band ist der Fehler gegen das Rauschniveau. Folgen Sie dem letzten, von wenig Rauschen zu viel.',
      across: 'Zeit t des Rauschniveaus, von wenig Rauschen zu viel',
      up: 'Fehler des geschätzten Rauschens',
      says: 'Er fällt den ganzen Weg. Um schwaches Rauschen von einem Bild abzulesen, muss man das Bild genau kennen. Bei viel Rauschen ist fast alles, was man sieht, Rauschen. (Beim Fehler des *Bildes* ist es umgekehrt.)',
      others: [
        { text: 'Er steigt: Bei viel Rauschen ist das Bild nicht zu erkennen', says: 'Dort ist das *Bild* schwer zu schätzen. Aber gefragt ist nach dem Rauschen, und bei viel Rauschen ist das verrauschte Bild fast nichts anderes.' },
        { text: 'In der Mitte ist er am höchsten, wo Bild und Rauschen gleich stark sind', says: 'In der Mitte fällt die *Wahl* zwischen Bildern. Der Fehler des Rauschens ist dort weder am größten noch am kleinsten.' },
        { text: 'Er ist überall gleich: Jedes Niveau wird gleich oft trainiert', says: 'Gleich viel Übung macht Aufgaben nicht gleich schwer.' },
      ],
    },
    {
      ask: 'Wenige Bilder, sehr lange trainiert. Wie geht der Fehler auf *zurückgehaltenen* Bildern nach dem schnellen Anfang weiter? Zeichnen Sie die Kurve.',
      look: 'Die Kurve unter den Bildern hat zwei Linien: Bilder, mit denen es trainiert, und nie gesehene. Folgen Sie der Linie der nie gesehenen bis zu ihrem rechten Ende.',
      across: 'im Training gesehene Bilder',
      up: 'Fehler auf zurückgehaltenen Bildern',
      says: 'Er fällt, dreht um und steigt, während der Fehler auf den Trainingsbildern weiter fällt. Das Netz lernt seine Bilder auswendig: Seine Schätzungen für andere werden schlechter. Nur zurückgehaltene Bilder sagen es.',
      others: [
        { text: 'Er wird flach, denn das Rauschen ist jedes Mal neu', says: 'Neues Rauschen hilft lange. Aber die Bilder dahinter sind dieselben wenigen, und am Ende kennt das Netz sie.' },
        { text: 'Er fällt weiter, nur langsamer', says: 'So ist es zuerst. Dann dreht er um.' },
        { text: 'Er steigt von Anfang an', says: 'Zuerst lernt das Netz, was alle Ziffern gemeinsam haben, und das hilft auch bei zurückgehaltenen.' },
      ],
    },
    {
      ask: 'Gezeichnet wird mit einem Mittel der Gewichte über das letzte Stück Training (EMA), nicht mit den neuesten. Wozu?',
      options: [
        { text: 'Es spart Speicher: Ein Mittel braucht weniger Platz als tausend Sätze von Gewichten', says: 'Es kostet Speicher: eine zweite Kopie der Gewichte. Die tausend Sätze werden nie behalten, das Mittel wandert mit.' },
        { text: 'Die neuesten Gewichte zittern von Batch zu Batch; das Mittel zittert weniger', says: 'Jeder Batch zieht die Gewichte auf seine Art. Das Zittern gleicht sich aus, und was gelernt wurde, bleibt.' },
        { text: 'Es macht das Training schneller, weil der Gradient vom Mittel genommen wird', says: 'Das Training geht mit den einfachen Gewichten weiter und sieht das Mittel nie an. Es ist nur zum Zeichnen da.' },
        { text: 'Es hält das Netz davon ab, Bilder auswendig zu lernen', says: 'Das tut es nicht: Das Mittel von Gewichten, welche die Bilder auswendig wissen, weiß sie auch.' },
      ],
    },
    {
      ask: 'Ordnen Sie einen Schritt des Trainings.',
      first: 'zuerst',
      last: 'zuletzt',
      steps: [
        { text: 'Saubere Bilder aus dem Trainingssatz nehmen', says: 'Einen Batch davon; welche, entscheidet der Zufall.' },
        { text: 'Für jedes dieser Bilder ein Rauschniveau ziehen', says: 'Jedes Niveau kommt einmal dran, in irgendeiner Reihenfolge.' },
        { text: 'Rauschen ziehen und beimischen', says: 'Auf einmal, mit der geschlossenen Formel. Das Rauschen ist jedes Mal neu.' },
        { text: 'Das Netz nach seiner Schätzung fragen', says: 'Es bekommt das verrauschte Bild und das Niveau.' },
        { text: 'Den Unterschied zur Wahrheit quadrieren: der Verlust', says: 'Die Wahrheit ist bekannt, denn wir haben die Übung selbst gemacht.' },
        { text: 'Jedes Gewicht ein wenig bergab bewegen', says: 'Der Gradient des Verlusts sagt, wohin. Dann folgt das Mittel der Gewichte.' },
      ],
    },
    {
      ask: 'Der Verlust dieses Trainings fällt wunderbar, aber Wanderungen vom Rauschen enden in Brei. Welche Zeile ist falsch?',
      lines: [
        { says: 'Ein Batch von Bildern und ihren Klassen: richtig.' },
        { says: 'Nur ein einziges Rauschniveau wird je geübt. Das Netz wird darin sehr gut und trifft nie die anderen, durch die jede Wanderung muss.' },
        { says: 'Frisches Rauschen, mit der geschlossenen Formel beigemischt: richtig.' },
        { says: 'Der quadratische Fehler der Schätzung: richtig.' },
      ],
    },
  ],
} satisfies Said<typeof english>
