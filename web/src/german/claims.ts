import type * as english from '../english/claims'
import type { Said } from '../languages'
import { number } from '../numbers'

const short = (value: number) => number(Number(value.toPrecision(3)))

export default {
  labels: {
    measured: 'Gemessen',
    numbers: 'Die Zahlen',
    verdicts: { 'borne out': 'Gemessen und bestätigt.', 'not borne out': 'Gemessen und nicht bestätigt.', undecided: 'Gemessen, aber die Messung kann es nicht entscheiden.', 'not applicable': 'Das ließ sich nicht messen.' },
    decides: 'Was entscheidet',
    between: (least, most) =>
      least !== null && most !== null ? `verlangt: ${short(least)} bis ${short(most)}` : least !== null ? `verlangt: mindestens ${short(least)}` : `verlangt: höchstens ${short(most!)}`,
    how: (threads) =>
      `Geschrieben von „python benchmarks/zoo.py rivals“ auf ${threads === 1 ? 'einem Prozessorkern' : `${threads} Prozessorkernen`}; ± ist die Hälfte eines 95-%-Intervalls. „sfumato claims digits“ misst alles auf Ihrem Rechner.`,
    quick: 'Das findet es mit --quick: kurze Trainings und wenige Bilder, also weite Intervalle.',
  },
  found: {
    'Adding noise needs no learning, and one draw does what a thousand small steps do.':
      'Rauschen beizumischen, muss nichts lernen, und eine Ziehung leistet, was tausend kleine Schritte leisten.',
    'steps':
      'Schritte',
    'signal, closed form':
      'Signal, geschlossene Form',
    'signal, walked':
      'Signal, Schritt für Schritt',
    'noise, closed form':
      'Rauschen, geschlossene Form',
    'noise, walked':
      'Rauschen, Schritt für Schritt',
    'largest difference between the coefficients of steps and closed form':
      'größter Unterschied zwischen den Koeffizienten der Schritte und der geschlossenen Form',
    'signal after # step, less than the closed form\'s':
      'Signal nach # Schritt, weniger das der geschlossenen Form',
    'noise after # step, less than the closed form\'s':
      'Rauschen nach # Schritt, weniger das der geschlossenen Form',
    'signal after # steps, less than the closed form\'s':
      'Signal nach # Schritten, weniger das der geschlossenen Form',
    'noise after # steps, less than the closed form\'s':
      'Rauschen nach # Schritten, weniger das der geschlossenen Form',
    '# pictures were walked in # steps of DDPM\'s schedule, which has no weights.':
      '# Bilder gingen # Schritte nach dem Plan von DDPM, der keine Gewichte hat.',
    'At the end of the forward process nothing of the picture is left: x_T is N(#, I).':
      'Am Ende des Vorwärtsprozesses ist vom Bild nichts übrig: x_T ist N(#, I).',
    'schedule':
      'Plan',
    'signal left':
      'übriges Signal',
    'standard deviation':
      'Standardabweichung',
    'distance from the normal law':
      'Abstand von der Normalverteilung',
    'correlation of neighbours':
      'Korrelation von Nachbarn',
    'p-value':
      'p-Wert',
    'signal left (linear)':
      'übriges Signal (linear)',
    'standard deviation (linear)':
      'Standardabweichung (linear)',
    'distance from the normal law (linear)':
      'Abstand von der Normalverteilung (linear)',
    'correlation of neighbours (linear)':
      'Korrelation von Nachbarn (linear)',
    'Four tests on # numbers; the p-value is the smallest of theirs times four (Bonferroni).':
      'Vier Tests an # Zahlen; der p-Wert ist der kleinste der vier, mal vier (Bonferroni).',
    'DDPM\'s schedule decides, by whether each deviation is surely below #. A p-value below # says that noise and x_T can be told apart, as they must be with enough pictures wherever alpha is not #.':
      'Der Plan von DDPM entscheidet: ob jede Abweichung sicher unter # liegt. Ein p-Wert unter # heißt, dass Rauschen und x_T zu unterscheiden sind, und bei genügend vielen Bildern müssen sie das überall sein, wo alpha nicht # ist.',
    'Predicting noise trains stably; a GAN\'s two networks work against each other.':
      'Rauschen vorherzusagen, trainiert stabil; die zwei Netze eines GAN arbeiten gegeneinander.',
    'model':
      'Modell',
    'seed':
      'Seed',
    'Fréchet distance':
      'Fréchet-Abstand',
    'scatter of the loss':
      'Streuung des Loss',
    'images seen':
      'gesehene Bilder',
    'diffusion':
      'Diffusion',
    'seed #':
      'Seed #',
    'share of the GAN\'s seeds that failed, beyond that of diffusion\'s':
      'Anteil der gescheiterten Seeds des GAN, über den der Diffusion hinaus',
    '# seeds of each were trained for # s. A seed has failed that diverges, or ends # times as far from the data as the median of its kind: # of diffusion\'s, # of the GAN\'s. Failed seeds alone decide: where none fails, nothing is decided.':
      '# Seeds von jedem wurden # s lang trainiert. Ein Seed ist gescheitert, wenn er divergiert oder #-mal so weit von den Daten endet wie der Median seiner Art: # der Diffusion, # des GAN. Gescheiterte Seeds allein entscheiden: Wo keiner scheitert, ist nichts entschieden.',
    'The scatter is that of the loss of # pictures about its mean, over the last half, as a share of that mean. It doesn\'t decide: a GAN\'s loss is a contest, which stays near a draw however good the pictures, and may scatter little and tell nothing, while diffusion\'s falls as it learns.':
      'Die Streuung ist die des Loss von # Bildern um sein Mittel, in der letzten Hälfte, als Anteil dieses Mittels. Sie entscheidet nicht: Der Loss eines GAN ist ein Wettstreit, der nahe am Unentschieden bleibt, wie gut die Bilder auch sind, und darf wenig streuen und nichts sagen, während der der Diffusion beim Lernen fällt.',
    'Fréchet distance: distance of the means and covariances; lower is better.':
      'Fréchet-Abstand: der Abstand der Mittel und Kovarianzen; weniger ist besser.',
    'Diffusion\'s pictures are nearer to the data than those of a VAE or a GAN of its size, trained as long.':
      'Die Bilder der Diffusion sind näher an den Daten als die eines gleich großen, gleich lange trainierten VAE oder GAN.',
    'parameters':
      'Gewichte',
    'learning rate, times its own':
      'Lernrate, mal der eigenen',
    'halves of the real pictures':
      'Hälften der echten Bilder',
    'the VAE\'s distance beyond diffusion\'s':
      'Abstand des VAE über den der Diffusion hinaus',
    'the GAN\'s distance beyond diffusion\'s':
      'Abstand des GAN über den der Diffusion hinaus',
    '# trainings of each kind, of other seeds and # s of the processor each, all of one size within #%; # pictures of each. The learning rate is the best of #, #, # times the kind\'s own, each tried for # s with a seed that isn\'t counted. ± is for other trainings.':
      '# Trainings von jeder Art, mit anderen Seeds und je # s des Prozessors, alle auf #% gleich groß; je # Bilder. Die Lernrate ist die beste von #, # und # mal der eigenen der Art, jede # s lang versucht mit einem Seed, der nicht zählt. ± steht für andere Trainings.',
    'Nearer means: by more than #, the standard deviation of the distance between random halves of the real pictures, which no training has any part in.':
      'Näher heißt: um mehr als #, die Standardabweichung des Abstands zwischen zufälligen Hälften der echten Bilder, an dem kein Training Anteil hat.',
    'Diffusion covers all of the data; a GAN leaves parts of it out.':
      'Diffusion deckt alle Daten ab; ein GAN lässt Teile davon aus.',
    'recall':
      'Recall',
    'coverage':
      'Abdeckung',
    'precision':
      'Präzision',
    'real pictures':
      'echte Bilder',
    'diffusion\'s recall less that of real pictures':
      'Recall der Diffusion, weniger den echter Bilder',
    'the GAN\'s recall less that of real pictures':
      'Recall des GAN, weniger den echter Bilder',
    'diffusion\'s coverage less that of real pictures':
      'Abdeckung der Diffusion, weniger die echter Bilder',
    'the GAN\'s coverage less that of real pictures':
      'Abdeckung des GAN, weniger die echter Bilder',
    'Recall: share of the data that lies where the samples are; higher is better. Coverage: share of the data with a sample next to it; higher is better. Precision: share of the samples that lie where the data is; higher is better.':
      'Recall: der Anteil der Daten, der liegt, wo die gezeichneten Bilder sind; mehr ist besser. Abdeckung: der Anteil der Daten, neben denen ein gezeichnetes Bild liegt; mehr ist besser. Präzision: der Anteil der gezeichneten Bilder, der liegt, wo die Daten sind; mehr ist besser.',
    '# trainings of each kind, of other seeds and # s of the processor each, all of one size within #%; # pictures of each. The learning rate is the best of #, #, # times the kind\'s own, each tried for # s with a seed that isn\'t counted. ± is for other trainings. “All of the data” means: no less than as many real pictures cover, but for one standard deviation of what random sets of them do; below that a part is left out.':
      '# Trainings von jeder Art, mit anderen Seeds und je # s des Prozessors, alle auf #% gleich groß; je # Bilder. Die Lernrate ist die beste von #, # und # mal der eigenen der Art, jede # s lang versucht mit einem Seed, der nicht zählt. ± steht für andere Trainings. „Alle Daten“ heißt: nicht weniger, als ebenso viele echte Bilder abdecken, bis auf eine Standardabweichung dessen, was zufällige Mengen davon abdecken; darunter ist ein Teil ausgelassen.',
    'Precision doesn\'t decide, for it says nothing of what is left out: a model that draws the middle of each class alone has the best. A VAE\'s picture is the mean of all that its code could stand for, and so is a likely one, while others, as real, never come; that is seen in its recall.':
      'Die Präzision entscheidet nicht, denn sie sagt nichts von dem, was ausgelassen wird: Ein Modell, das nur die Mitte jeder Klasse zeichnet, hat die beste. Das Bild eines VAE ist das Mittel all dessen, wofür sein Code stehen könnte, und damit ein wahrscheinliches, während andere, ebenso echte, nie kommen; das sieht man an seinem Recall.',
    'Different seeds give different pictures, and the same seed gives the same.':
      'Verschiedene Seeds geben verschiedene Bilder, und derselbe Seed gibt dasselbe.',
    'class':
      'Klasse',
    'seeds':
      'Seeds',
    'nearest two, drawn':
      'die nächsten zwei, gezeichnet',
    'nearest other, drawn':
      'das nächste andere, gezeichnet',
    'nearest two, real':
      'die nächsten zwei, echt',
    'nearest other, real':
      'das nächste andere, echt',
    'largest difference between two draws of one seed':
      'größter Unterschied zwischen zwei Ziehungen eines Seeds',
    'distance to the nearest other seed\'s picture, of that between real ones':
      'Abstand zum nächsten Bild eines anderen Seeds, gemessen an dem zwischen echten',
    'Distances are root mean squares over the pixels, of a range of #, within a class.':
      'Abstände sind quadratische Mittel über die Pixel, bei einem Bereich von #, innerhalb einer Klasse.',
    'A GAN and a VAE draw in one call; diffusion needs many, and takes longer for it.':
      'Ein GAN und ein VAE zeichnen mit einem Aufruf; Diffusion braucht viele und deshalb länger.',
    'calls':
      'Aufrufe',
    'seconds a picture':
      'Sekunden je Bild',
    'fastest':
      'schnellstes',
    'slowest':
      'langsamstes',
    'diffusion, ddpm':
      'Diffusion, ddpm',
    'diffusion, ddim':
      'Diffusion, ddim',
    'diffusion, dpm++2m':
      'Diffusion, dpm++2m',
    'diffusion, ddim: times as long as the VAE':
      'Diffusion, ddim: so viele Male so lange wie der VAE',
    'diffusion, dpm++2m: times as long as the VAE':
      'Diffusion, dpm++2m: so viele Male so lange wie der VAE',
    '# pictures at a time, # by DDPM, on cpu. Speed doesn\'t depend on what was learnt.':
      '# Bilder auf einmal, # mit DDPM, auf dem Prozessor (cpu). Die Geschwindigkeit hängt nicht davon ab, was gelernt wurde.',
    'DDIM and DPM-Solver draw in # to # steps as well as DDPM draws in #.':
      'DDIM und DPM-Solver zeichnen in # bis # Schritten so gut wie DDPM in #.',
    'sampler':
      'Sampler',
    'ddim in # steps, Fréchet distance above DDPM\'s':
      'ddim in # Schritten, Fréchet-Abstand über den von DDPM hinaus',
    'dpm++2m in # steps, Fréchet distance above DDPM\'s':
      'dpm++2m in # Schritten, Fréchet-Abstand über den von DDPM hinaus',
    '# pictures each, of the same seeds. As well means: farther from the data than DDPM\'s by no more than #, the standard deviation of the distance between random halves of the real pictures, which no sampler has any part in.':
      'Je # Bilder, aus denselben Seeds. So gut heißt: um nicht mehr als # weiter von den Daten als die von DDPM; das ist die Standardabweichung des Abstands zwischen zufälligen Hälften der echten Bilder, an dem kein Sampler Anteil hat.',
    'Tell the network the class, and it draws that class.':
      'Sagen Sie dem Netz die Klasse, und es zeichnet diese Klasse.',
    'when asked for it':
      'wenn danach gefragt',
    'when not asked':
      'wenn nicht gefragt',
    'all':
      'alle',
    'read as the class asked for':
      'gelesen als die verlangte Klasse',
    'read as a class that was not asked for, beyond chance':
      'gelesen als eine nicht verlangte Klasse, über den Zufall hinaus',
    'Read by a classifier that is right on #% of real pictures it never saw.':
      'Gelesen von einem Klassifikator, der bei #% der echten Bilder, die er nie gesehen hat, richtigliegt.',
  },
} satisfies Said<typeof english>
