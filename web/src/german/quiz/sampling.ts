import type * as english from '../../english/quiz/sampling'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Warum braucht ein Diffusionsmodell für ein Bild länger als ein GAN derselben Größe?',
      options: [
        { text: 'Es ruft sein Netz für jedes Bild viele Male auf, ein GAN einmal', says: 'Ein GAN geht in einem Aufruf vom Rauschen zum Bild. Ein Diffusionsmodell schätzt, bewegt sich ein wenig und schätzt wieder: oft zehn- bis fünfzigmal, mit DDPM wie veröffentlicht tausendmal.' },
        { text: 'Es muss für jedes neue Bild noch ein wenig weiter trainiert werden', says: 'Die Gewichte stehen fest, wenn das Training vorbei ist. Zeichnen ändert nichts am Netz.' },
        { text: 'Es vergleicht jedes Bild mit dem Trainingssatz, um sicher keine Kopie zu machen', says: 'Es hat keinen Trainingssatz mehr zur Hand, nur Gewichte. Ob es kopiert, muss man eigens prüfen.' },
        { text: 'Es macht das Bild Pixel für Pixel, ein GAN alles auf einmal', says: 'Alle Pixel werden zusammen entrauscht, in jedem Aufruf. Pixel für Pixel arbeiten autoregressive Modelle.' },
      ],
    },
    {
      ask: 'Dasselbe Rauschen, ein Sampler, der unterwegs keines zugibt (DDIM). Von 20 Schritten zu 50: Wie ändert sich das Bild?',
      look: 'Drei Wanderungen vom selben Rauschen, in 50, 20 und 3 Schritten: Vergleichen Sie, wo sie enden.',
      options: [
        { text: 'Kaum: Beide Wanderungen folgen demselben Weg und enden fast am selben Ort', says: 'Mehr Schritte folgen derselben Kurve genauer. Ab einer Zahl ist nichts mehr zu gewinnen; eine Handvoll Schritte aber schneidet die Ecken ab und endet anderswo.' },
        { text: 'Es wird ein anderes Bild, denn jeder Schritt ändert, was die späteren tun', says: 'So wäre es, wenn jeder Schritt neues Rauschen brächte. Hier entscheidet das Rauschen am Anfang, und der Weg von dort steht fest.' },
        { text: 'Es wird mit jedem hinzugefügten Schritt schärfer', says: 'Von 3 Schritten zu 20 gibt es einen Gewinn. Von 20 zu 50 sieht man kaum einen.' },
        { text: 'Es wird typischer für seine Klasse und weniger vielfältig', says: 'Das tut Guidance. Mehr Schritte tun das Gegenteil: Bei sehr wenigen sind die Bilder einander zu ähnlich.' },
      ],
    },
    {
      ask: 'Sechs Seeds, je ein Schritt: eine Schätzung aus reinem Rauschen, als Bild genommen. Verlangt ist ein lächelndes Gesicht. Was bekommen Sie?',
      look: 'Sehen Sie die Zeile mit einem Schritt an, dann die mit drei, fünf und zwanzig.',
      options: [
        { text: 'Sechs klare Gesichter, alle verschieden; mehr Schritte polieren sie nur', says: 'Verschiedene Bilder brauchen mehr als eine Schätzung. Reines Rauschen sagt nichts über das Bild, also gleichen sich alle sechs Schätzungen.' },
        { text: 'Noch einmal das Rauschen, kaum schwächer als vorher', says: 'Die Schätzung nimmt *alles* Rauschen weg.' },
        { text: 'Grau in jedem Pixel, ohne jede Form', says: 'Die Wörter sind bekannt: ein lächelndes Gesicht. Das Mittel aller lächelnden Gesichter hat eine Form. (Ohne Wörter wäre es das Mittel aller Zeichnungen.)' },
        { text: 'Sechsmal dasselbe weiche Gesicht: das Mittel aller lächelnden Gesichter', says: 'Nur die Wörter sind bekannt, die beste Schätzung ist also das Mittel aller Zeichnungen, die zu ihnen passen. Jeder weitere Schritt weiß mehr, und die Bilder trennen sich.' },
        { text: 'Eines der Trainingsbilder, denn die hat es gesehen', says: 'Welches? Alle lächelnden Gesichter sind hinter reinem Rauschen möglich, die Schätzung mischt sie also.' },
      ],
    },
    {
      ask: 'Zweimal dasselbe Anfangsrauschen, einmal mit DDIM und einmal mit DDPM, und dann beide noch einmal. Welche Bilder sind gleich?',
      options: [
        { text: 'Alle vier: Das Anfangsrauschen entscheidet', says: 'Für DDIM stimmt das. DDPM erneuert in jedem Schritt einen Teil des Rauschens, und auch dieses spätere entscheidet.' },
        { text: 'Die zwei von DDIM. Die zwei von DDPM nur, wenn auch das Rauschen unterwegs gleich ist', says: 'DDIMs Weg steht mit seinem Anfang fest. Der von DDPM hängt von allem unterwegs gezogenen Rauschen ab; ein Seed dafür macht auch ihn wiederholbar, und das tut dieses Paket.' },
        { text: 'Keine: Eine Wanderung vieler Schritte ist nie ganz dieselbe, die Zahlen werden verschieden gerundet', says: 'Dieselben Summen in derselben Reihenfolge geben dieselben Zahlen. Bilder aus einem Seed sollen in jedem Bit gleich sein, und Tests hier halten es fest.' },
        { text: 'Das erste von DDIM und das erste von DDPM, und ebenso die zweiten', says: 'Die beiden Sampler gehen von Anfang an verschiedene Schritte, einer mit frischem Rauschen und einer ohne.' },
      ],
    },
    {
      ask: 'DDIM folgt der „Wahrscheinlichkeitsfluss-ODE“. Was ist das, in einfachen Worten?',
      options: [
        { text: 'Ein Weg ohne Zufall für jeden Punkt; ihre Wolke sieht aus wie mit Zufall', says: 'Einzelne Punkte bewegen sich glatt, wie in einem Strom. Und doch hat ihre Wolke auf jedem Niveau dieselbe Verteilung wie der verrauschte Prozess. Sie endet also auch bei den Daten.' },
        { text: 'Die wahrscheinlichste aller zufälligen Wanderungen von diesem Rauschen zu einem Bild der Daten', says: 'Sie ist keine der zufälligen Wanderungen: Jede von denen zittert. Sie ist ein Strom, der die ganze Verteilung bewegt.' },
        { text: 'Das Mittel aller Bilder, die von diesem Rauschen aus erreichbar sind', says: 'Ein Mittel wäre unscharf. Der Fluss führt zu einzelnen, scharfen Bildern.' },
        { text: 'Eine Formel für die Wahrscheinlichkeit jedes Bildes, nach dem Bild aufgelöst', says: 'Mit dem Fluss lassen sich Wahrscheinlichkeiten ausrechnen, aber er ist eine Regel zum Gehen: Hier bist du, dorthin, so schnell.' },
      ],
    },
    {
      ask: 'Warum kommt dpm++2m mit weniger Aufrufen aus als DDIM?',
      options: [
        { text: 'Es ruft das Netz in jedem Schritt zweimal auf und nimmt die bessere Schätzung', says: 'Heuns Verfahren ruft zweimal je Schritt auf (und mittelt). Die „2“ in 2m ist seine Ordnung; es ruft einmal auf.' },
        { text: 'Es braucht ein Netz, das für wenige Schritte trainiert wurde', says: 'Jedes trainierte Netz geht: Die Sampler lassen sich darunter tauschen. Destillierte Modelle, für wenige Schritte gemacht, sind etwas anderes.' },
        { text: 'Es merkt sich die Schätzung davor und sieht so, wohin sich die Schätzungen wenden', says: 'DDIM tut, als bliebe die Schätzung den ganzen Schritt lang gleich. Aus zwei Schätzungen lässt sich die Änderung vorhersehen, ein langer Schritt folgt also der Biegung. Das Gedächtnis kostet keinen Aufruf.' },
        { text: 'Es lässt die Rauschniveaus aus, auf denen sich das Bild nicht ändert', says: 'Welche Niveaus besucht werden, ist Sache des Gitters, und jeder Sampler kann jedes Gitter benutzen.' },
      ],
    },
    {
      ask: 'Ordnen Sie diese nach der Zahl der Netzaufrufe für ein Bild, die wenigsten zuerst.',
      first: 'die wenigsten',
      last: 'die meisten',
      steps: [
        { text: 'Ein GAN', says: 'Ein Aufruf: vom Rauschen direkt zum Bild.' },
        { text: 'Ein destilliertes Diffusionsmodell, 4 Schritte', says: 'Vier. Es wurde noch einmal trainiert, lange Schritte zu gehen.' },
        { text: 'dpm++2m, 10 Schritte', says: 'Zehn: ein Aufruf je Schritt, mit Gedächtnis.' },
        { text: 'Heun, 10 Schritte', says: 'Achtzehn: zwei Aufrufe je Schritt, aber der erste und der letzte brauchen nur je einen.' },
        { text: 'DDIM, 50 Schritte', says: 'Fünfzig: ein Aufruf je Schritt.' },
        { text: 'DDPM wie veröffentlicht', says: 'Tausend, einer für jedes Niveau, auf dem es trainiert wurde.' },
      ],
    },
    {
      ask: 'Der Entrauscher antwortet mit dem sauberen Bild. Dieser Schritt von DDIM explodiert zu riesigen Zahlen. Welche Zeile ist falsch?',
      lines: [
        { says: 'Die Schätzung des sauberen Bildes, wie gesagt: richtig.' },
        { says: 'Die Antwort ist das saubere Bild und wird für das Rauschen gehalten. Welches von beiden ein Modell gibt, muss man wissen: Sie zu verwechseln, ist ein häufiger Fehler mit Modellen von anderswo.' },
        { says: 'Richtig, wenn `eps` das Rauschen wäre. Bei viel Rauschen ist α klein, und durch α zu teilen, lässt ein falsches `eps` explodieren.' },
        { says: 'Auf dem nächsten Niveau neu mischen: richtig.' },
      ],
    },
    {
      ask: 'Alle Bilder kommen mit einem feinen Korn von Rauschen heraus. Welche Zeile ist falsch?',
      lines: [
        { says: 'Ein guter Rauschplan, Rauschen bei t = 1, sauber bei t = 0.' },
        { says: 'Die Wanderung hält bei t = 0,05 an, wo σ noch nicht 0 ist: Das letzte Rauschen wird nie weggenommen. Ein Gitter muss bei σ = 0 enden.' },
        { says: 'Ein Seed für jedes Bild: richtig.' },
        { says: 'Wandert die Niveaus hinab, die es bekommt, und nicht weiter.' },
      ],
    },
  ],
} satisfies Said<typeof english>
