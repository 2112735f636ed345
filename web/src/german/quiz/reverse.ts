import type * as english from '../../english/quiz/reverse'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Beim Schritt 600 von 1000 wird dem Netz ein verrauschtes Bild gezeigt. Was ist seine Antwort?',
      options: [
        { text: 'Das Bild, wie es bei Schritt 599 war, um das Rauschen eines Schritts ärmer', says: 'Das glauben viele, aber das Netz schätzt *alles* Rauschen auf einmal. Der Sampler benutzt diese Schätzung für einen kleinen Schritt, und dann schätzt das Netz wieder.' },
        { text: 'Eine Schätzung allen Rauschens darin, oder des sauberen Bildes, was auf dasselbe hinausläuft', says: 'Wer das verrauschte Bild, sein Niveau und das Rauschen kennt, kann das saubere Bild berechnen, und umgekehrt. Der Schritt hinab zu 599 ist dann die Rechnung des Samplers.' },
        { text: 'Das Rauschen, das zwischen Schritt 599 und Schritt 600 hinzukam', says: 'Niemand könnte es vom übrigen Rauschen unterscheiden, und es wird nicht gebraucht. Im Training gibt es nicht einmal einen solchen Schritt: Das Bild wird auf einmal bis zum Niveau 600 verrauscht.' },
        { text: 'Genau das saubere Bild, dem dieses Rauschen beigemischt wurde', says: 'Viele saubere Bilder passen zu einem verrauschten. Besser als ihr Mittel, gewichtet damit, wie wahrscheinlich jedes ist, kann es niemand.' },
      ],
    },
    {
      ask: 'Der Entrauscher sieht ein sehr verrauschtes Bild an, und seine Schätzung des sauberen ist unscharf. Warum?',
      options: [
        { text: 'Sie ist das Mittel aller sauberen Bilder, die hinter dem Rauschen stecken könnten', says: 'Mittel scharfer Bilder sind unscharf. Es ist die beste Antwort, die es gibt: die mit dem kleinsten quadratischen Fehler. Bei weniger Rauschen passen weniger Bilder, und die Schätzung wird schärfer.' },
        { text: 'Das Netz ist zu klein; ein größeres würde ein scharfes Bild antworten', says: 'Auch das genaue Mittel ist unscharf, ganz ohne Netz. Eine scharfe Antwort wäre ein Glückstreffer, und im Mittel weiter daneben.' },
        { text: 'Sie hat nur einen Teil des Rauschens entfernt, und der Rest sieht unscharf aus', says: 'Übriges Rauschen sähe körnig aus, nicht unscharf.' },
        { text: 'Rauschen zerstört zuerst scharfe Kanten, und zerstörte Kanten kann man nicht wieder zeichnen', says: 'Rauschen verdeckt das Feine tatsächlich zuerst. Aber die fertigen Bilder sind scharf: Die Kanten werden unterwegs neu gezeichnet.' },
      ],
    },
    {
      ask: 'Die Daten liegen auf drei Hügeln, mit leeren Tälern dazwischen. Ein Punkt ist über einem Tal, und es gibt viel Rauschen. Wo ist die beste Schätzung seines sauberen Orts?',
      look: 'Die Fahne steht bei der besten Schätzung. Bewegen Sie sich entlang x, dann gehen Sie zu weniger Rauschen und bewegen sich wieder.',
      options: [
        { text: 'Auf dem nächsten Hügel', says: 'Bei wenig Rauschen wäre es so. Bei viel kann der Punkt ebenso gut von weiter her kommen, und jede Möglichkeit zählt.' },
        { text: 'Auf dem höchsten Hügel, was auch der Punkt ist', says: 'Der höchste Hügel wiegt im Mittel am meisten, aber die anderen ziehen auch.' },
        { text: 'Zwischen den Hügeln, wo es vielleicht gar keine Daten gibt', says: 'Die beste Schätzung ist ein Mittel dessen, was es gewesen sein könnte, und ein Mittel muss selbst nicht möglich sein. Von allen Antworten hat es den kleinsten quadratischen Fehler. Bilder, die Mittel sind, sehen unscharf aus.' },
        { text: 'Auf einem der Hügel, durch Zufall, durch einen Wurf mit ungleichen Würfeln', says: 'Das wäre ein *Ziehen*, und dafür braucht es eine ganze Wanderung. In der Antwort des Entrauschers ist kein Zufall.' },
      ],
    },
    {
      ask: 'DDPMs Schritt zurück geht auf die Schätzung zu und fügt dann ein wenig frisches Rauschen hinzu. Warum Rauschen hinzufügen, wenn man es loswerden will?',
      options: [
        { text: 'Um die Fehler des Netzes zu verstecken, die sich als Muster zeigen würden', says: 'Frisches Rauschen wäscht frühere Fehler zum Teil aus, ein willkommener Nebeneffekt. Aber der Schritt braucht es selbst mit einem vollkommenen Entrauscher.' },
        { text: 'Damit Seeds verschiedene Bilder geben; sonst wäre jede Wanderung gleich', says: 'Das tut schon das Rauschen ganz am Anfang: DDIM fügt unterwegs keines hinzu, und seine Bilder sind von Seed zu Seed verschieden.' },
        { text: 'Es ist ein harmloser Rest des Trainings und könnte ebenso gut wegbleiben', says: 'Lässt man es weg und ändert sonst nichts, so werden die Ergebnisse zu glatt und zu ähnlich. Sampler ohne Rauschen gehen *andere* Schritte.' },
        { text: 'Der Schritt führt zu einem Mittel; Rauschen bringt die Streuung darum zurück', says: 'Auf dem nächsten Niveau haben Bilder eine gewisse Streuung. Der Schritt endet in der Mitte der möglichen, mit zu wenig Streuung. Das frische Rauschen stellt sie wieder her, bei kleinen Schritten fast ganz.' },
      ],
    },
    {
      ask: 'Zweitausend Wanderer gehen DDPMs Schritte von verschiedenen Anfängen, ganz ohne frisches Rauschen. Wo enden sie?',
      look: 'Das Histogramm zeigt, wo die Wanderer am Ende sind, die Linie, wie die Daten verteilt sind. Dann geben Sie das frische Rauschen mit dem Regler zurück.',
      options: [
        { text: 'Auf den drei Hügeln, jeder Wanderer näher am Gipfel als vorher', says: 'Ohne frisches Rauschen verlieren die Wanderer, was sie unterschied. Sie verteilen sich nicht einmal auf die Hügel.' },
        { text: 'Alle an einem Ort, und es ist nicht der Gipfel eines Hügels', says: 'Jeder Schritt führt zu einem Mittel, und nichts stellt die Streuung darum wieder her. Am Ende sind alle an einem Ort, am Hang des rechten Hügels, wo die Dichte halb so hoch ist wie auf seinem Gipfel.' },
        { text: 'Wie mit DDIM: auf den Hügeln, verteilt wie die Daten', says: 'DDIM braucht kein frisches Rauschen, aber es geht andere Schritte. Es behält das Rauschen, das DDPM wegwirft.' },
        { text: 'Überall: Das Rauschen wird nicht ganz weggenommen', says: 'Umgekehrt. Ohne frisches Rauschen ist auf jedem Niveau *weniger* Rauschen da, als dem Entrauscher gesagt wird.' },
      ],
    },
    {
      ask: 'Was ist der Score an einem Punkt x?',
      options: [
        { text: 'Eine Note zwischen 0 und 1 dafür, wie sehr x echten Daten gleicht', says: 'Das wäre der Kritiker eines GANs. Der Score ist keine Note, sondern ein Pfeil.' },
        { text: 'Die Wahrscheinlichkeitsdichte der verrauschten Daten bei x', says: 'Nah daran: Der Score ist aus ihr gemacht. Aber die Dichte selbst ist in vielen Dimensionen unerreichbar; ihre Steigung nicht, und die genügt zum Wandern.' },
        { text: 'Der Pfeil von x zum nächsten Trainingsbeispiel', says: 'Bei sehr wenig Rauschen ist er es beinahe. Bei mehr ziehen viele Beispiele zugleich an x, und der Score besteht aus allen diesen Zügen.' },
        { text: 'Der Pfeil dorthin, wo die Dichte am schnellsten steigt', says: 'Er ist die Steigung des Logarithmus der Dichte: bergauf, zu wahrscheinlicheren Orten. Er ist das geschätzte [[noise|Rauschen]], umgedreht und skaliert.' },
      ],
    },
    {
      ask: 'Ein Netz sagt das Rauschen ε in x auf dem Niveau σ vorher. Wie bekommt man daraus den Score?',
      options: [
        { text: 'Als −ε/σ: das Rauschen umdrehen und skalieren', says: 'Rauschen hat x von den Daten weggestoßen, die Gegenrichtung führt also bergauf. Weniger Rauschen heißt ein steilerer Hügel, daher das Teilen durch σ.' },
        { text: 'Als ε·σ: Rauschen der richtigen Größe', says: 'Das zeigt in die falsche Richtung: mit dem Rauschen, von den Daten weg.' },
        { text: 'Gar nicht: Dafür muss ein zweites Netz trainiert werden', says: 'Rauschen, sauberes Bild, Geschwindigkeit und Score sind vier Namen für dasselbe Wissen. Jedes gibt die anderen durch Rechnen.' },
        { text: 'Als den Verlust des Netzes bei x', says: 'Der Verlust ist eine Zahl, die man nur im Training kennt, wo das wahre Rauschen ist. Der Score hat so viele Zahlen wie das Bild.' },
      ],
    },
    {
      ask: 'Ordnen Sie einen Schritt von DDIM.',
      first: 'zuerst',
      last: 'zuletzt',
      steps: [
        { text: 'Dem Entrauscher x und sein Rauschniveau sagen', says: 'Das Niveau ist wichtig: Dasselbe x bedeutet auf anderen Niveaus anderes.' },
        { text: 'Seine Schätzung x̂₀ des sauberen Bildes bekommen', says: 'Auf einmal, alles Rauschen: nicht das eines Schritts.' },
        { text: 'Das Rauschen ausrechnen, das daraus folgt: (x − α·x̂₀)/σ', says: 'Was nicht Bild ist, muss Rauschen sein.' },
        { text: 'Ein Niveau tiefer gehen: α′ und σ′ treten an die Stelle von α und σ', says: 'Das Gitter der Niveaus sagt, wie weit dieser Schritt geht.' },
        { text: 'Neu mischen: α′·x̂₀ + σ′·(dieses Rauschen)', says: 'Das Vorwärtsrezept, mit einer Schätzung anstelle der Wahrheit. Dann steht x auf dem tieferen Niveau, und der nächste Schritt beginnt.' },
      ],
    },
    {
      ask: 'Das soll DDPMs Schritt vom Niveau `here` hinab zu `there` sein (`kept` ist der Anteil des vorhandenen Rauschens, der bleibt). Seine Ergebnisse sind alle viel zu glatt. Welche Zeile ist falsch?',
      lines: [
        { says: 'Die Schätzung des sauberen Bildes, auf dem Niveau, auf dem x ist: richtig.' },
        { says: 'Das Rauschen, das aus dieser Schätzung folgt: richtig.' },
        { says: 'Der Anteil, den DDPM behält, unter 1. Er ist, was seine Formel sagt.' },
        { says: 'Ein Teil des Rauschens wurde weggeworfen, und nichts kam an seine Stelle, x ist also weniger verrauscht, als sein Niveau sagt. Frisches Rauschen muss die Varianz auffüllen: kept² + (1 − kept²) = 1.' },
      ],
    },
  ],
} satisfies Said<typeof english>
