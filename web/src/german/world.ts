import type * as english from '../english/world'
import type { Said } from '../languages'

export default {
  reasons: [
    { name: 'Stabil', says: 'Das Training ist eine feste Übung. Es gibt kein zweites Netz, das dagegen spielt, also muss nichts im Gleichgewicht gehalten werden.' },
    { name: 'Treu', says: 'Die Bilder kommen nah an die Daten. Die Wanderung macht viele kleine Verbesserungen, und jede ist eine einfache Schätzung.' },
    { name: 'Vielfältig', says: 'Jeder Seed führt zu einem eigenen Bild. Das Training fragt nach allen Beispielen, keines darf fehlen.' },
    { name: 'Steuerbar', says: 'In jedem Schritt kann man die Schätzung ändern: durch eine Klasse, durch Wörter, durch eine Maske, durch ein zweites Modell.' },
    { name: 'Der Preis', says: 'Ein Bild kostet viele Aufrufe. Gute Sampler brauchen weniger, aber nie so wenige wie ein GAN oder ein VAE.' },
  ],
  systems: {
    dalle: {
      about: 'OpenAI, 2022. In einer Fachveröffentlichung beschrieben.',
      rows: {
        idea: 'Vom Rauschen zum Bild, zweimal: zuerst eine Zusammenfassung des Bildes, dann das Bild.',
        forward: 'Rauschen wird kleinen Bildern von 64 × 64 Pixeln beigemischt, und der Zusammenfassung.',
        reverse: 'Drei Wanderungen nacheinander: zu 64, dann zu 256, dann zu 1024 Pixeln je Seite.',
        network: 'UNets für die Bilder, ein Transformer für die Zusammenfassung.',
        training: 'Hunderte Millionen Bilder mit Beschreibungen aus dem Netz.',
        sampling: 'DDPM und DDIM, mit weniger Schritten bei den größeren Formaten.',
        steering: 'Aus Wörtern wird eine CLIP-Zusammenfassung eines Bildes, und Guidance schiebt dorthin.',
      },
    },
    stable: {
      about: 'CompVis, Stability AI und Runway, 2022. Gewichte und Code sind öffentlich.',
      rows: {
        idea: 'Dieselbe Wanderung, in einem kleineren Raum.',
        forward: 'Rauschen wird Latents beigemischt, nicht Pixeln. Version 3 benutzt den geraden Plan.',
        reverse: 'Die Wanderung bleibt im latenten Raum. Der Decoder läuft einmal, am Ende.',
        network: 'Ein UNet mit Attention auf die Wörter, 860 Millionen Gewichte. Version 3: ein Transformer.',
        training: 'Milliarden Bilder mit Beschreibungen aus dem Netz (LAION).',
        sampling: 'Jeder Sampler aus Kapitel 6. Üblich: 20 bis 50 Schritte.',
        steering: 'Ein Text-Encoder (CLIP) und Guidance von etwa 7. Masken, LoRA und ControlNet kamen von der Öffentlichkeit.',
      },
    },
    midjourney: {
      about: 'Midjourney, seit 2022. Wie es innen arbeitet, ist nicht öffentlich.',
      rows: {
        idea: 'Was man sieht: Bilder beginnen als Rauschen oder unscharf und werden klar.',
        forward: 'Nicht öffentlich.',
        reverse: 'Der Dienst zeigt frühe Bilder der Wanderung, während man wartet.',
        network: 'Nicht öffentlich.',
        training: 'Nicht öffentlich.',
        sampling: 'Man kann den Seed setzen: Derselbe Seed und Prompt geben fast dieselben Bilder.',
        steering: 'Ein Prompt, ein Bild zum Anfangen, eine Stärke des Stils und ein Pinsel, um eine Stelle neu zu zeichnen.',
      },
    },
    sora: {
      about: 'OpenAI, 2024. Ein Bericht beschreibt den Plan, nicht die Einzelheiten.',
      rows: {
        idea: 'Dieselbe Wanderung für Video: Alle Einzelbilder kommen aus einem Block Rauschen.',
        forward: 'Rauschen wird dem Latent eines ganzen Videos beigemischt.',
        reverse: 'Verrauschte Stücke gehen hinein, eine Schätzung der sauberen kommt heraus.',
        network: 'Ein Transformer auf Stücken, die sich in Raum und Zeit erstrecken.',
        training: 'Videos und Bilder vieler Größen, mit Beschreibungen von einem anderen Modell.',
        sampling: 'Nicht öffentlich.',
        steering: 'Wörter, ein erstes Bild oder ein Video zum Fortsetzen.',
      },
    },
  },
  labels: {
    view: 'Ansehen',
    views: { why: 'Warum sie so gut funktioniert', systems: 'Vier Systeme' },
    known: (name) => `${name} in den Kapiteln dieser Lektion`,
  },
  text: {
    title: 'In der Welt',
    lead: 'DALL·E, Stable Diffusion, Midjourney, Sora: Ihre Hauptteile kennen Sie nun. Hier steht, was sie hinzufügen, warum Diffusion so gut funktioniert, und was sie nicht darf.',
    sections: [
      {
        heading: 'Warum sie so gut funktioniert',
        text: [
          'Vor der Diffusion kamen die besten Bilder von [[GAN|GANs]]. Vier Punkte haben das geändert: Das Training ist stabil, die Bilder sind treu, sie sind vielfältig, und sie lassen sich steuern. Das hat einen Preis, der beim Zeichnen bezahlt wird. [Die Seite](world.view=why) prüft alle fünf an Messungen.',
          'Die Messungen sind klein, wie die Modelle dieser Lektion. Wo sie eine Behauptung nicht bestätigen, sagt die Seite es. Große Modelle bestätigen treu und steuerbar, und sie zeigen auch den Preis: Ihre Aufrufe laufen auf Maschinen, die so viel kosten wie ein Haus.',
        ],
      },
      {
        heading: 'Vier Systeme, sieben Kapitel',
        text: [
          '[Wählen Sie ein System](world.view=systems&world.system=stable) und sehen Sie, wo jedes Kapitel wiederkehrt. Alle vier beginnen beim Rauschen, wandern zu einem Bild und werden durch Wörter gesteuert. Sie unterscheiden sich darin, worauf sie wandern (Pixel oder [[latent|Latents]]), im [[network|Netz]] ([[UNet]] oder [[transformer|Transformer]]) und darin, wie die Wörter hineinkommen.',
          'Über Midjourney gibt es wenig zu lesen, darum steht in der Tabelle „nicht öffentlich“, wo nichts bekannt ist. Sora zeigt, dass der Plan nicht bei Bildern endet. Ein Video ist ein größerer Block von Zahlen, und die Wanderung bleibt dieselbe.',
        ],
      },
      {
        heading: 'Was große Systeme hinzufügen',
        text: [
          '**Text-Encoder.** Das kleine Textnetz aus [Kapitel 7](steering.view=words) hat aus den Namen von Emoji gelernt. Große Systeme nehmen einen [[text encoder|Text-Encoder]], der vorher mit viel mehr Text trainiert wurde. CLIP hat gelernt, welche Beschreibungen zu welchen Bildern gehören; T5 hat gelernt, Lücken in Texten zu füllen. Beide geben Reihen von Zahlen, und Attention liest sie, wie Sie gesehen haben.',
          '**Latents.** Große Bilder werden zuerst zusammengepresst, und die Wanderung bleibt im kleinen Raum. [Der kleinere Raum](steering.view=latent&steering.space=scale) aus Kapitel 7 zeigt, wie viel das spart. Stable Diffusion 3 behält an jeder Stelle 16 Zahlen statt 4, so überstehen mehr Einzelheiten.',
          '**Transformer.** Neuere Systeme ersetzen das UNet durch einen [[transformer|Transformer]]. Er zerlegt das Bild in Stücke, und alle Stücke sehen einander durch [Attention](network.view=attention) an, in jedem Block. Das kostet mehr und lohnt sich: Mit mehr Gewichten und mehr Daten werden die Bilder immer besser.',
          '**LoRA.** Um einem Modell Ihren Hund oder Ihren Stil beizubringen, müssen Sie nicht alle seine Gewichte ändern. [[LoRA]] behält sie und fügt neben jeder großen Tabelle von Gewichten zwei schmale hinzu. Nur diese werden trainiert, mit der Übung aus [Kapitel 5](training.view=step). Die Datei ist oft hundertmal kleiner als das Modell.',
          '**ControlNet.** Wörter sagen schlecht, wo etwas ist. Ein [[ControlNet]] liest eine Zeichnung, eine Haltung oder eine Tiefenkarte und addiert, was es findet, zu den Karten des Netzes, als gäbe es in Kapitel 4 eine [Brücke](network.view=parts&network.off=skip+0.0) mehr. Es beginnt bei null, anfangs ändert sich also nichts.',
          '**Destillation.** Eine Wanderung von 20 Schritten kann ein zweites Modell lehren, dasselbe in einem bis vier zu tun. Das ist [[distillation|Destillation]]. Das zweite Modell lernt, dorthin zu springen, wo das erste ankäme. Vergleichen Sie es damit, [wo wenige Schritte nicht reichen](sampling.view=few), in Kapitel 6: Ohne dieses Training gibt ein Schritt nur das Mittel.',
          '**Flow Matching.** Manche Modelle werden mit [[flow matching|Flow Matching]] trainiert: Das Netz wird nach der [[velocity (v)|Geschwindigkeit (v)]] auf einer geraden Linie vom Rauschen zu den Daten gefragt. Mit Gaußschem Rauschen ist das Diffusion mit dem [geraden Plan](forward.show=schedule&forward.schedule=flow) aus Kapitel 2, in anderen Worten. Der Guidance-Regler aus Kapitel 7 wandert auf diesem Plan.',
        ],
      },
      {
        heading: 'Kopien, Rechte und woher ein Bild kommt',
        text: [
          '**Kopien.** Gewöhnlich kopiert ein Modell nicht, aber es kann. 2023 haben Forscher die 350.000 Bilder genommen, die am häufigsten im Trainingssatz von Stable Diffusion stehen, und aus der Beschreibung von jedem 500 Bilder erzeugt. Nach ihrem Maß kamen 94 der Originale fast unverändert zurück. Der Grund ist [[memorisation|Auswendiglernen]]: wenige Beispiele und langes Training, wie in [Kapitel 5](training.view=run&training.show=error&training.set=held_out&training.moment=10) und beim [roten Herzen](steering.view=words&steering.say=red+heart) in Kapitel 7. Doppelte aus dem Trainingssatz zu entfernen, hilft.',
          '**Rechte.** Trainingsbilder gehören gewöhnlich jemandem. Ob man ohne zu fragen mit ihnen trainieren darf, wird in verschiedenen Ländern verschieden entschieden, und Gerichte arbeiten noch daran. Offen ist auch, wem ein gezeichnetes Bild gehört: In den Vereinigten Staaten hat ein Bild, das eine Maschine allein gemacht hat, kein Urheberrecht. Wenn Sie Bilder veröffentlichen, sehen Sie die Regeln Ihres Landes und die Lizenz des Modells nach. Die Emoji dieser Lektion kommen von OpenMoji. Seine Lizenz (CC BY-SA 4.0) erlaubt diese Nutzung, wenn OpenMoji genannt und das, was aus den Zeichnungen entsteht, ebenso geteilt wird.',
          '**Herkunft.** Ein gutes Bild kann eine Lüge sein. Die Antwort ist der [[provenance|Herkunftsnachweis]]: signierte Daten in der Datei, die sagen, welche Kamera oder welches Modell es gemacht hat (C2PA), oder ein verborgenes Zeichen in den Pixeln (etwa SynthID). Beides kann verloren gehen oder entfernt werden, darum beweist ein fehlendes Zeichen nichts. Das KI-Gesetz der Europäischen Union verpflichtet Anbieter solcher Systeme, zu kennzeichnen, was sie erzeugen.',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
