import type * as english from '../../english/quiz/world'
import type { Said } from '../../languages'

export default {
  questions: [
    {
      ask: 'Was zahlt Diffusion für ihr stabiles Training und ihr Steuern?',
      options: [
        { text: 'Viele Aufrufe des Netzes für jedes Bild', says: 'Ein GAN oder ein VAE braucht einen Aufruf, eine Wanderung für jeden Schritt einen oder mehr. Gute Sampler machen die Wanderung kurz, aber so kurz nicht.' },
        { text: 'Sie kann nur Bilder in der Größe ihres Rauschens zeichnen', says: 'Das gilt für andere Netze auch. Die Größe ist kein besonderer Preis der Diffusion.' },
        { text: 'Sie braucht ein zweites Netz, das ihre Bilder beurteilt', says: 'Das ist der Kritiker eines GANs. Diffusion hat keinen Gegner.' },
        { text: 'Sie vergisst ihr Training, wenn sie zeichnet', says: 'Zeichnen ändert keine Gewichte.' },
      ],
    },
    {
      ask: 'Worauf wandert Stable Diffusion?',
      options: [
        { text: 'Auf Wörtern, die am Ende zu einem Bild werden', says: 'Wörter steuern die Wanderung. Das Netz sieht sie bei jedem Aufruf an.' },
        { text: 'Auf den Pixeln eines kleinen Bildes, das Schritt für Schritt vergrößert wird', says: 'Das ist der Weg von DALL·E 2: von 64 zu 256 zu 1024 Pixeln je Seite.' },
        { text: 'Auf Latents; ein Decoder macht am Ende einmal die Pixel', says: 'Ein Autoencoder gibt ihm einen kleineren Raum. Rauschen, Schätzungen und Schritte sind alle darin.' },
        { text: 'Auf den Gewichten des Netzes', says: 'Die Gewichte stehen fest, wenn das Training vorbei ist.' },
      ],
    },
    {
      ask: 'Warum ist eine LoRA-Datei so viel kleiner als das Modell, das sie ändert?',
      options: [
        { text: 'Sie enthält nur die neuen Bilder, und das Modell schlägt sie nach', says: 'Ein Modell schlägt keine Bilder nach. Eine LoRA wird gelernt, mit derselben Übung wie das Modell.' },
        { text: 'Sie enthält nur schmale Tabellen, die zu den großen addiert werden', says: 'Die großen Tabellen von Gewichten bleiben, wie sie sind. Neben jeder werden zwei schmale gelernt.' },
        { text: 'Sie ist das ganze Modell mit weniger Stellen für jede Zahl', says: 'Auch das gibt es; es heißt Quantisierung. Es lehrt nichts Neues.' },
        { text: 'Sie enthält den Prompt, der den neuen Stil beschreibt', says: 'Ein Prompt ändert, was Sie verlangen. Eine LoRA ändert, was das Modell kann.' },
      ],
    },
    {
      ask: 'Wann zeichnet ein Diffusionsmodell am ehesten beinahe die Kopie eines Trainingsbildes?',
      options: [
        { text: 'Wenn das Bild viele Male im Trainingssatz stand', says: 'Jedes Mal war es wieder eine Übung, also hat das Netz es auswendig gelernt. Dasselbe geschieht bei wenigen Bildern und langem Training. Doppelte zu entfernen, hilft.' },
        { text: 'Wenn der Seed der ist, mit dem das Bild trainiert wurde', says: 'Das Training benutzt jedes Mal neues Rauschen. Kein Bild hat einen eigenen Seed.' },
        { text: 'Wenn wenige Schritte gegangen werden', says: 'Wenige Schritte geben Mittel, und die sind keine Kopien.' },
        { text: 'Nie: Es kennt nur Mittel', says: 'Die einzelne Schätzung ist ein Mittel, das Ende einer Wanderung nicht. Und wenn nur ein Bild passt, ist das Mittel dieses Bild.' },
      ],
    },
    {
      ask: 'Ein Bild trägt keine signierten Daten und kein verborgenes Zeichen. Was folgt?',
      options: [
        { text: 'Eine Kamera hat es aufgenommen: Modelle kennzeichnen alles, was sie zeichnen', says: 'Nicht alle Modelle kennzeichnen ihre Bilder, und Zeichen lassen sich entfernen.' },
        { text: 'Ein Modell hat es gezeichnet: Kameras signieren alles, was sie aufnehmen', says: 'Die meisten Kameras signieren nichts.' },
        { text: 'Es wurde nach dem Entstehen verändert', says: 'Vielleicht. Aber viele Bilder hatten nie ein Zeichen.' },
        { text: 'Nichts: Zeichen können verloren, entfernt oder nie da gewesen sein', says: 'Ein gültiges Zeichen sagt etwas. Ein fehlendes nicht.' },
      ],
    },
    {
      ask: 'Sora zeichnet Videos. Aus wie viel Rauschen beginnt ein Clip?',
      look: 'Lesen Sie die Zeilen der ersten beiden Kapitel. Dann wählen Sie Stable Diffusion und vergleichen.',
      options: [
        { text: 'Aus einem verrauschten Einzelbild; die anderen folgen daraus', says: 'Dann könnte jedes Einzelbild nur die Fehler des vorigen abschreiben. Manche älteren Systeme taten das.' },
        { text: 'Aus einem Rauschen für jedes Einzelbild, eines nach dem anderen gewandert', says: 'Wanderungen, die einander nicht sehen, enden in Bildern, die nicht zusammenpassen: Das Video flackert.' },
        { text: 'Aus einem Block Rauschen für alle Einzelbilder zusammen', says: 'Ein Video ist ein größerer Block von Zahlen. Alles davon wird zusammen entrauscht, und Attention läuft auch durch die Zeit.' },
        { text: 'Aus keinem Rauschen: Die Wörter reichen zum Anfangen', says: 'Wörter steuern die Wanderung. Sie beginnt beim Rauschen, wie immer.' },
      ],
    },
    {
      ask: 'Sie tippen einen Prompt in ein System wie Stable Diffusion. Ordnen Sie, was geschieht, angefangen bei den Wörtern.',
      first: 'zuerst',
      last: 'zuletzt',
      steps: [
        { text: 'Der Text wird in Token zerlegt', says: 'Häufige Wörter bleiben ganz, seltene werden zu Stücken.' },
        { text: 'Ein Text-Encoder macht aus den Token Reihen von Zahlen', says: 'Er wurde vorher trainiert, mit viel mehr Text.' },
        { text: 'Der Seed macht Rauschen im latenten Raum', says: 'Die Wörter haben daran keinen Anteil.' },
        { text: 'Das Netz schätzt mit den Wörtern und ohne, in jedem Schritt', says: 'Guidance streckt den Unterschied der beiden.' },
        { text: 'Der Decoder macht aus dem Latent Pixel', says: 'Einmal, in einem Aufruf.' },
        { text: 'Das Bild wird gekennzeichnet, wenn der Dienst es tut', says: 'Mit signierten Daten oder einem verborgenen Zeichen.' },
      ],
    },
  ],
} satisfies Said<typeof english>
