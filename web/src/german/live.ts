import type * as english from '../english/live'
import type { Said } from '../languages'
import { fixed, number } from '../numbers'

const times = ['wenig Rauschen (t = 0,2)', 'halb und halb (t = 0,5)', 'viel Rauschen (t = 0,8)']

export default {
  live: {
    needs: 'Diese Seiten kamen ohne das Programm, das hinter ihnen steht. Auf Ihrem eigenen Rechner öffnet das sie mit ihm:',
    train: {
      heading: 'Hier und jetzt trainieren',
      without: 'Hier könnten Sie zusehen, wie das Netz in ein bis zwei Minuten die Ziffern lernt, von null an.',
      says: (minutes) =>
        `Das Netz dieser Kapitel, von zufälligen Gewichten an, auf denselben Ziffern, vom Prozessor, der diese Seite ausliefert. Es dauert ${minutes * 60} Sekunden. Nichts wird behalten.`,
      start: 'Trainieren',
      again: 'Noch einmal trainieren',
      stop: 'Anhalten',
      states: {
        starting: 'PyTorch und die Ziffern werden geladen …',
        training: 'Es lernt.',
        finished: 'Das Training ist zu Ende.',
        stopped: 'Angehalten.',
      },
      stands: (images, seconds) => `${number(images)} Bilder gesehen, ${fixed(seconds, 0)} s`,
      curve: 'Fehler des vorhergesagten Rauschens, gegen gesehene Bilder: 1 heißt, nichts zu wissen',
      curveDescribed: (images, errors) =>
        `Nach ${number(images)} Bildern ist der Fehler des vorhergesagten Rauschens ${errors.map((error, i) => `${fixed(error, 3)} bei: ${times[i]}`).join('; ')}.`,
      times,
      moment: 'Augenblick',
      at: (images) => (images ? `${number(images)} Bilder` : 'vor dem Training'),
      loss: (loss) => `Trainingsverlust ${fixed(loss, 3)}`,
      samples: 'Dieselben sechzehn Seeds, der Reihe nach mit dem Wunsch nach 0 bis 9',
      sample: (digit, seed) => `Wunsch ${digit}, Seed ${seed}`,
    },
    draw: {
      heading: 'Ihr eigenes Modell',
      without: 'Hier könnten Sie mit einem Modell zeichnen, das Sie selbst trainiert haben.',
      noRun: 'Das sind die Ziffern, die mit dem Paket kommen. Um mit einem eigenen Modell zu zeichnen, beenden Sie die Lektion und starten sie mit seinem Lauf:',
      opening: 'Die Ziffern werden geöffnet …',
      facts: { name: 'Modell', shape: 'Ein Bild', points: 'Ein Punkt', parameters: 'Parameter', classes: 'Klassen', device: 'Berechnet auf' },
      shape: (shape) => (shape.length === 1 ? `${shape[0]} Koordinaten` : `${shape[2]} × ${shape[1]} Pixel, ${shape[0] === 1 ? 'grau' : 'farbig'}`),
      parameters: (count) => (count < 1e6 ? number(count) : `${fixed(count / 1e6, 1)} Millionen`),
      classes: (names) => (names.length ? `${names.slice(0, 12).join(', ')}${names.length > 12 ? ` und ${names.length - 12} weitere` : ''}` : 'keine'),
      of: 'Klasse',
      each: 'jede der Reihe nach',
      count: 'Wie viele',
      seed: 'Erster Seed',
      fresh: 'Andere Seeds',
      steps: 'Schritte',
      plain: 'beachtet die Klasse nicht',
      insists: 'besteht auf ihr',
      draw: 'Zeichnen',
      drawing: 'Zeichnet …',
      stop: 'Anhalten',
      few: (sampler, needs) => `${sampler} braucht mindestens ${needs} Schritte.`,
      drawn: (count, first, sampler, steps, seconds) =>
        `${count === 1 ? `Seed ${first}` : `Seeds ${first} bis ${first + count - 1}`}, ${sampler}, ${steps} Schritte: ${fixed(seconds, seconds < 10 ? 1 : 0)} s`,
      described: (count, name, of) => `${count} von ${name} gezeichnet${of && `, Klasse: ${of}`}`,
    },
  },
} satisfies Said<typeof english>
