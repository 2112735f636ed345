import type * as english from '../../english/quiz/steering'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Was ist an klassifikatorfreier Guidance „klassifikatorfrei“?',
      options: [
        { text: 'Die Bilder werden gemacht, ohne dass eine Klasse oder ein Text gegeben ist', says: 'Im Gegenteil: Sie lässt die Klasse oder den Text *mehr* zählen. Ohne beides gäbe es nichts, wonach zu steuern wäre.' },
        { text: 'Kein eigener Klassifikator wird gebraucht: Das Modell selbst antwortet mit der Klasse und ohne', says: 'Frühere [[guidance|Guidance]] benutzte die Steigung eines Klassifikators, der auf verrauschten Bildern trainiert war. Hier zeigt der Unterschied zwischen den zwei Antworten des Modells selbst den Weg.' },
        { text: 'Ein Klassifikator wird nur im Training benutzt und danach weggeworfen', says: 'Auch im Training gibt es keinen. Die Klasse wird nur ab und zu versteckt, damit das Modell lernt, ohne sie zu antworten.' },
        { text: 'Das Modell findet die Klassen selbst; niemand muss die Trainingsbilder beschriften', says: 'Die Beschriftungen werden gebraucht. Nicht gebraucht wird ein Netz, das sie aus Bildern abliest.' },
      ],
    },
    {
      ask: 'Was bedeutet w = 1 in `answer = without + w·(with − without)`?',
      options: [
        { text: 'Keine Guidance und keine Klasse: das einfache Modell', says: 'Das ist w = 0: Dann bleibt nur „without“.' },
        { text: 'Halb mit der Klasse und halb ohne', says: 'Das wäre w = 0,5.' },
        { text: 'Nur die Antwort mit der Klasse', says: '„Without“ hebt sich auf, der zweite Aufruf lässt sich also sogar sparen. Eigentliche Guidance beginnt über 1. (Manche Programme zählen dort von 0: Sehen Sie die Formel an, bevor Sie Zahlen vergleichen.)' },
        { text: 'Volle Guidance, so stark es geht', says: 'w kann 2, 4 oder 8 sein: Dann geht die Antwort *über* „with“ hinaus, weg von „without“.' },
      ],
    },
    {
      ask: 'Die Guidance wird aufgedreht, von 1 auf 8. Was geschieht mit den Ziffern?',
      look: 'Behalten Sie die Seeds und die Klasse, und drehen Sie die Guidance langsam auf.',
      options: [
        { text: 'Sie werden immer vielfältiger, weil jede weiter zu ihrer Klasse geschoben wird', says: 'Das Schieben nimmt Vielfalt weg: Ungewöhnliche Dreien werden zu gewöhnlichen geschoben.' },
        { text: 'Sie werden verrauschter: Jeder Schritt schießt nun über sein Ziel hinaus', says: 'Über das Ziel hinaus geht es, aber im Kontrast, nicht im Korn.' },
        { text: 'Nicht viel: Eine Ziffer kann nicht mehr als sie selbst sein', says: 'Sie kann *typischer* sein, und dann extremer als jede echte Ziffer. Die Formel hat keine Bremse.' },
        { text: 'Sie werden einander immer ähnlicher und am Ende härter als jede echte Ziffer', says: 'Weg von „without“ heißt weg von allem, was die Klassen gemeinsam haben. Das kostet Vielfalt. Zu viel davon verlässt den Bereich echter Bilder: Die Pixel gehen über Schwarz und Weiß hinaus.' },
      ],
    },
    {
      ask: 'Verlangt ist eine Drei, und w ist auf 0 gesetzt. Was bekommen Sie?',
      look: 'Wählen Sie eine Klasse und setzen Sie die Guidance auf 0.',
      options: [
        { text: 'Ziffern aller Art', says: 'Bei w = 0 zählt die Schätzung mit der Klasse nichts. Die Klasse wird nicht beachtet.' },
        { text: 'Schwache Dreien', says: 'w ist keine Helligkeit. Bei 0 hat die Klasse gar keine Wirkung.' },
        { text: 'Alles außer einer Drei', says: 'Dafür müsste w unter 0 sein: weg von „with“.' },
        { text: 'Etwas Graues, Unscharfes: das Mittel aller Ziffern', says: 'Einzelne Schätzungen sind unscharf, die Enden von Wanderungen nicht. Auch ohne Klasse wandert das Modell zu einer bestimmten Ziffer.' },
      ],
    },
    {
      ask: 'Wie kommt dasselbe Netz zu einer Antwort *ohne* die Klasse?',
      options: [
        { text: 'Im Training wird die Klasse ab und zu versteckt, etwa einmal in zehn', says: 'An ihrer Stelle wird dem Netz „keine“ gesagt, eine elfte Klasse für sich. So übt es beides, und die zwei Antworten kommen aus denselben Gewichten.' },
        { text: 'Es wird zehnmal gefragt, einmal für jede Klasse, und die Antworten werden gemittelt', says: 'So ginge es, ungefähr, zum zehnfachen Preis. Eine versteckte Klasse macht einen einzigen Aufruf daraus.' },
        { text: 'Ein zweites, kleineres Netz wird auf Bildern ohne Beschriftung trainiert', says: 'Die ersten Versuche haben tatsächlich zwei trainiert. Die Klasse zu verstecken, macht eines genug.' },
        { text: 'Die Eingabe für die Klasse bleibt beim Zeichnen leer; Netze kommen damit zurecht', says: 'Sie kommen mit dem zurecht, was sie geübt haben. Eine Klasse, die im Training nie versteckt war, lässt „keine“ ohne Bedeutung.' },
      ],
    },
    {
      ask: 'Zehn Schritte dpm++2m mit w = 3. Wie viele Antworten gibt das Netz für ein Bild?',
      options: [
        { text: '10: eine je Schritt', says: 'So ist es ohne Guidance, und bei w = 1 oder w = 0, wo eine der beiden Antworten wegfällt.' },
        { text: '20: zwei je Schritt', says: 'Eine mit der Klasse und eine ohne, in jedem Schritt. Oft gehen beide nebeneinander durchs Netz, in einem größeren Batch; die Arbeit ist trotzdem doppelt.' },
        { text: '30: drei je Schritt, wie w sagt', says: 'w ist ein Faktor in einer Formel. Er kostet bei 1,5 so viel wie bei 8.' },
        { text: '100: eine je Schritt für jede der zehn Klassen', says: 'Nur zwei Antworten werden verglichen: die verlangte Klasse und keine.' },
      ],
    },
    {
      ask: 'Um ein Bild zu ändern, mischt man Rauschen bis zu einem Niveau bei, und dort beginnt der Rückweg. Was bewirkt ein höheres Niveau? (Eine Szene von Kapitel 3 zeigt ein Bild auf steigenden Niveaus und darunter, was das Netz noch daraus macht.)',
      options: [
        { text: 'Es behält mehr vom Bild, denn das Bild ist im Rauschen gespeichert', says: 'Rauschen speichert nichts. In der Szene hat die Schätzung bei viel Rauschen kaum etwas vom Bild darüber.' },
        { text: 'Es dauert nur länger: Das Ergebnis ist dasselbe, denn die Wanderung macht das Rauschen rückgängig', says: 'Die Wanderung macht nicht *dieses* Rauschen rückgängig. Sie führt zu einem wahrscheinlichen Bild, und bei mehr Rauschen sind mehr Bilder wahrscheinlich.' },
        { text: 'Es lässt weniger vom Bild und dem Modell mehr Freiheit', says: 'Auf einem niedrigen Niveau ist die Schätzung darunter fast das Bild: Nur Feines wird neu gemacht. Auf einem hohen bleibt nur die grobe Form, und ganz am Ende nichts.' },
        { text: 'Es macht das Ergebnis verrauschter, weil mehr Rauschen zu entfernen ist', says: 'Die Wanderung endet immer bei null Rauschen, wo sie auch beginnt.' },
      ],
    },
    {
      ask: 'Ein kleines Modell hat den Prompt „red heart“ auswendig gelernt. Wie sieht seine *erste* Schätzung aus reinem Rauschen aus, am Anfang der Wanderung?',
      look: 'Sehen Sie die erste Schätzung in der letzten Reihe des Films an und vergleichen Sie sie mit der letzten. Dann verlangen Sie einen Pinguin (penguin) und vergleichen wieder.',
      options: [
        { text: 'Grau und unscharf, denn reines Rauschen sagt nichts', says: 'Reines Rauschen sagt nichts, aber die Wörter schon. Lassen sie nur ein Bild offen, so ist das Mittel dieses Bild.' },
        { text: 'Schon das Herz; ein Pinguin beginnt unscharf', says: 'Das Mittel all dessen, was passt, ist scharf, wenn nur ein Bild passt. Eine scharfe erste Schätzung ist also ein Zeichen von Auswendiglernen, eine unscharfe ein Zeichen von Wahl.' },
        { text: 'Eine Mischung aller Herzen, die es kennt', says: 'So wäre es, wenn die Wörter zu mehreren Zeichnungen passten. „Red heart“ ist der Name von einer.' },
        { text: 'Rauschen, kaum schwächer als am Anfang', says: 'Die Schätzung nimmt alles Rauschen weg, vom ersten Aufruf an.' },
      ],
    },
    {
      ask: 'Kein blauer Kreis war unter den Trainingsbildern, und doch zeichnet das Modell einen. Wie kann es das?',
      options: [
        { text: 'Guidance verbessert, was das Training ausließ, denn sie schiebt jede Antwort zu den Wörtern hin', says: 'Guidance streckt, was das Modell schon schätzt. Was es nie gelernt hat, lässt sich nicht strecken.' },
        { text: 'Es ist „blue“ und „circle“ einzeln begegnet, und Attention lässt jedes Wort dort wirken, wo es hingehört', says: 'Die Wörter sind getrennte Reihen von Zahlen, eines gibt also die Farbe und das andere die Form. Es gelingt nicht immer: Versuchen Sie das violette Herz (purple heart).' },
        { text: 'Es schlägt die ähnlichste Beschreibung nach und färbt dieses Bild um', says: 'Nichts ist zum Nachschlagen gespeichert: Es gibt Gewichte und eine Wanderung vom Rauschen.' },
        { text: 'Jeder Text geht, denn die Token werden zu einem Seed', says: 'Der Seed macht das Rauschen und weiß nichts von Wörtern. Die Wörter werden dem Netz bei jedem Aufruf gesagt.' },
      ],
    },
    {
      ask: 'Die Hälfte eines Bildes wird übermalt und neu gezeichnet. Was hält die andere Hälfte, wie sie war?',
      options: [
        { text: 'Das Netz wurde mit Masken trainiert und hat gelernt, außerhalb abzuschreiben, was ihm gezeigt wird', says: 'Manche sind so. Dieses hat nie eine Maske gesehen: Jedes Modell lässt sich so benutzen.' },
        { text: 'Die Wanderung beginnt dort bei wenig Rauschen, sodass nicht viel falsch werden kann', says: 'Sie beginnt überall bei reinem Rauschen, auch in der bekannten Hälfte.' },
        { text: 'In jedem Schritt ersetzt dort das Bekannte die Schätzung des Modells', says: 'Die bekannte Hälfte wandert also geradewegs zu dem, was sie war, und auf jedem Rauschniveau sieht die übermalte neben sich, wozu sie passen muss.' },
        { text: 'Die alte Hälfte wird über das fertige Bild geklebt, das ohne sie gezeichnet wurde', says: 'Dann würden die beiden nicht passen: Ein Umriss endete am Rand der Maske. Die bekannte Hälfte muss *während* der Wanderung da sein.' },
      ],
    },
    {
      ask: 'Dieses Inpainting lässt das übermalte Stück, wie es ist, und zeichnet alles andere neu. Welche Zeile ist falsch?',
      lines: [
        { says: '1, wo etwas gemalt wurde, sonst 0: richtig.' },
        { says: 'Das Modell schätzt das ganze Bild, auch das bekannte Stück: richtig.' },
        { says: 'Die beiden sind vertauscht: Die Schätzung gehört dorthin, wo die Maske 1 ist, das Bekannte, wo sie 0 ist.' },
        { says: 'Der Sampler geht mit diesem x0 weiter wie mit jedem anderen: richtig.' },
      ],
    },
    {
      ask: 'Was ist der entscheidende Gedanke der latenten Diffusion, der Idee hinter Stable Diffusion?',
      options: [
        { text: 'Rauschen sieht in jeder Größe gleich aus, also kann man das Netz auf kleinen Bildern trainieren und auf großen benutzen', says: 'Ein Netz läuft auch in anderen Größen, als es trainiert wurde, wenn auch nicht gut. Der Gedanke hier ist es nicht.' },
        { text: 'Die meisten Zahlen eines Bildes sind Feines, das das Auge kaum bemerkt, also diffundiere in einem kleinen, gepressten Raum', says: 'Ein Autoencoder presst 512×512 Pixel zu 64×64 Stellen und zurück. Die teure Wanderung geschieht im kleinen Raum, mit 48-mal weniger Zahlen; der Decoder zeichnet am Ende das Feine, in einem Aufruf.' },
        { text: 'Die mittlere Schicht des Netzes hält einen Code des Bildes, also muss nur dort Rauschen hinzugefügt werden', says: 'Der Code kommt von einem eigenen Autoencoder, vorher trainiert. Das Diffusionsnetz hat eine eigene Mitte, und darin wird kein Rauschen hinzugefügt.' },
        { text: 'Ein Bild lässt sich am besten in Worten beschreiben, also diffundiere über Sätze und lass ein zweites Modell sie zeichnen', says: 'Wörter steuern in solchen Modellen die Wanderung. Gewandert wird aber auf einem kleinen, bildartigen Gitter von Zahlen, nicht auf einem Satz.' },
      ],
    },
    {
      ask: 'Ordnen Sie einen Schritt mit Guidance.',
      first: 'zuerst',
      last: 'zuletzt',
      steps: [
        { text: 'Das Netz fragen, mit der Klasse und ohne', says: 'Dasselbe x, dasselbe Niveau: Nur die Klasse ist verschieden.' },
        { text: 'Den Unterschied der beiden Antworten nehmen', says: 'Er zeigt von „einem Bild“ zu „einem Bild dieser Klasse“.' },
        { text: 'Den Unterschied mit w strecken', says: 'Bei w = 1 bleibt er, wie er ist.' },
        { text: 'Ihn zur Antwort ohne die Klasse addieren', says: 'Das ist die Schätzung des sauberen Bildes mit Guidance.' },
        { text: 'Den Sampler mit dieser Schätzung seinen Schritt gehen lassen', says: 'Der Sampler weiß nicht, dass es Guidance gab: Für ihn ist es eine Antwort wie jede andere.' },
      ],
    },
    {
      ask: 'Je stärker diese Guidance, desto *weniger* gleichen die Bilder der verlangten Klasse. Welche Zeile ist falsch?',
      lines: [
        { says: 'Die Antwort mit der Klasse: richtig.' },
        { says: 'Die Antwort mit der Nullklasse, „keine“: richtig.' },
        { says: 'Der Pfeil ist umgedreht: Das geht von „with“ zu „without“ und, über 1, darüber hinaus, weg von der Klasse.' },
        { says: 'Bilder liegen zwischen −1 und 1; die Schätzung dort zu halten, ist harmlos und zähmt starke Guidance.' },
      ],
    },
  ],
} satisfies Said<typeof english>
