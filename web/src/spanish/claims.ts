import type * as english from '../english/claims'
import type { Said } from '../languages'
import { number } from '../numbers'

const short = (value: number) => number(Number(value.toPrecision(3)))

export default {
  labels: {
    measured: 'Medido',
    numbers: 'Las cifras',
    verdicts: { 'borne out': 'Medido, y se confirma.', 'not borne out': 'Medido, y no se confirma.', undecided: 'Medido, pero la medición no puede decidirlo.', 'not applicable': 'Esto no se pudo medir.' },
    decides: 'Qué lo decide',
    between: (least, most) =>
      least !== null && most !== null ? `se pide: de ${short(least)} a ${short(most)}` : least !== null ? `se pide: al menos ${short(least)}` : `se pide: como mucho ${short(most!)}`,
    how: (threads) =>
      `Escrito por «python benchmarks/zoo.py rivals» en ${threads === 1 ? 'un núcleo de procesador' : `${threads} núcleos de procesador`}; ± es la mitad de un intervalo del 95 %. «sfumato claims digits» mide todo en tu máquina.`,
    quick: 'Esto es lo que encuentra con --quick: entrenamientos cortos y pocas imágenes, así que los intervalos son anchos.',
  },
  found: {
    'Adding noise needs no learning, and one draw does what a thousand small steps do.':
      'Añadir ruido no requiere aprender nada, y un solo sorteo hace lo que mil pasos pequeños.',
    'steps':
      'pasos',
    'signal, closed form':
      'señal, fórmula cerrada',
    'signal, walked':
      'señal, paso a paso',
    'noise, closed form':
      'ruido, fórmula cerrada',
    'noise, walked':
      'ruido, paso a paso',
    'largest difference between the coefficients of steps and closed form':
      'mayor diferencia entre los coeficientes de los pasos y los de la fórmula cerrada',
    'signal after # step, less than the closed form\'s':
      'señal tras # paso, menos la de la fórmula cerrada',
    'noise after # step, less than the closed form\'s':
      'ruido tras # paso, menos el de la fórmula cerrada',
    'signal after # steps, less than the closed form\'s':
      'señal tras # pasos, menos la de la fórmula cerrada',
    'noise after # steps, less than the closed form\'s':
      'ruido tras # pasos, menos el de la fórmula cerrada',
    '# pictures were walked in # steps of DDPM\'s schedule, which has no weights.':
      '# imágenes recorrieron # pasos del plan de DDPM, que no tiene pesos.',
    'At the end of the forward process nothing of the picture is left: x_T is N(#, I).':
      'Al final del proceso directo no queda nada de la imagen: x_T es N(#, I).',
    'schedule':
      'plan',
    'signal left':
      'señal restante',
    'standard deviation':
      'desviación típica',
    'distance from the normal law':
      'distancia a la distribución normal',
    'correlation of neighbours':
      'correlación entre vecinos',
    'p-value':
      'valor p',
    'signal left (linear)':
      'señal restante (linear)',
    'standard deviation (linear)':
      'desviación típica (linear)',
    'distance from the normal law (linear)':
      'distancia a la distribución normal (linear)',
    'correlation of neighbours (linear)':
      'correlación entre vecinos (linear)',
    'Four tests on # numbers; the p-value is the smallest of theirs times four (Bonferroni).':
      'Cuatro contrastes con # números; el valor p es el menor de los cuatro, multiplicado por cuatro (Bonferroni).',
    'DDPM\'s schedule decides, by whether each deviation is surely below #. A p-value below # says that noise and x_T can be told apart, as they must be with enough pictures wherever alpha is not #.':
      'Decide el plan de DDPM: si cada desviación está con seguridad por debajo de #. Un valor p por debajo de # dice que el ruido y x_T se pueden distinguir, como ocurre con bastantes imágenes dondequiera que alpha no sea #.',
    'Predicting noise trains stably; a GAN\'s two networks work against each other.':
      'Predecir el ruido se entrena de forma estable; las dos redes de un GAN trabajan una contra otra.',
    'model':
      'modelo',
    'seed':
      'semilla',
    'Fréchet distance':
      'distancia de Fréchet',
    'scatter of the loss':
      'dispersión de la pérdida',
    'images seen':
      'imágenes vistas',
    'diffusion':
      'difusión',
    'seed #':
      'semilla #',
    'share of the GAN\'s seeds that failed, beyond that of diffusion\'s':
      'parte de las semillas del GAN que fracasan, por encima de la de la difusión',
    '# seeds of each were trained for # s. A seed has failed that diverges, or ends # times as far from the data as the median of its kind: # of diffusion\'s, # of the GAN\'s. Failed seeds alone decide: where none fails, nothing is decided.':
      '# semillas de cada uno se entrenaron durante # s. Una semilla fracasa si diverge o si acaba # veces más lejos de los datos que la mediana de su clase: # de la difusión, # del GAN. Solo deciden las semillas que fracasan: donde no fracasa ninguna, no se decide nada.',
    'The scatter is that of the loss of # pictures about its mean, over the last half, as a share of that mean. It doesn\'t decide: a GAN\'s loss is a contest, which stays near a draw however good the pictures, and may scatter little and tell nothing, while diffusion\'s falls as it learns.':
      'La dispersión es la de la pérdida de # imágenes en torno a su media, en la última mitad, como parte de esa media. No decide: la pérdida de un GAN es una contienda, que se queda cerca del empate por buenas que sean las imágenes, y puede variar poco sin decir nada; la de la difusión baja a medida que aprende.',
    'Fréchet distance: distance of the means and covariances; lower is better.':
      'Distancia de Fréchet: la distancia entre las medias y las covarianzas; menos es mejor.',
    'Diffusion\'s pictures are nearer to the data than those of a VAE or a GAN of its size, trained as long.':
      'Las imágenes de la difusión están más cerca de los datos que las de un VAE o un GAN de su tamaño, entrenado el mismo tiempo.',
    'parameters':
      'pesos',
    'learning rate, times its own':
      'tasa de aprendizaje, respecto a la propia',
    'halves of the real pictures':
      'mitades de las imágenes reales',
    'the VAE\'s distance beyond diffusion\'s':
      'distancia del VAE por encima de la de la difusión',
    'the GAN\'s distance beyond diffusion\'s':
      'distancia del GAN por encima de la de la difusión',
    '# trainings of each kind, of other seeds and # s of the processor each, all of one size within #%; # pictures of each. The learning rate is the best of #, #, # times the kind\'s own, each tried for # s with a seed that isn\'t counted. ± is for other trainings.':
      '# entrenamientos de cada clase, con otras semillas y # s de procesador cada uno, todos del mismo tamaño salvo un #%; # imágenes de cada uno. La tasa de aprendizaje es la mejor de #, # y # veces la propia de la clase, cada una probada durante # s con una semilla que no cuenta. ± es por otros entrenamientos.',
    'Nearer means: by more than #, the standard deviation of the distance between random halves of the real pictures, which no training has any part in.':
      'Más cerca quiere decir: en más de #, la desviación típica de la distancia entre mitades al azar de las imágenes reales, en la que no interviene ningún entrenamiento.',
    'Diffusion covers all of the data; a GAN leaves parts of it out.':
      'La difusión cubre todos los datos; un GAN deja partes fuera.',
    'recall':
      'exhaustividad',
    'coverage':
      'cobertura',
    'precision':
      'precisión',
    'real pictures':
      'imágenes reales',
    'diffusion\'s recall less that of real pictures':
      'exhaustividad de la difusión, menos la de imágenes reales',
    'the GAN\'s recall less that of real pictures':
      'exhaustividad del GAN, menos la de imágenes reales',
    'diffusion\'s coverage less that of real pictures':
      'cobertura de la difusión, menos la de imágenes reales',
    'the GAN\'s coverage less that of real pictures':
      'cobertura del GAN, menos la de imágenes reales',
    'Recall: share of the data that lies where the samples are; higher is better. Coverage: share of the data with a sample next to it; higher is better. Precision: share of the samples that lie where the data is; higher is better.':
      'Exhaustividad: la parte de los datos que está donde están las imágenes dibujadas; más es mejor. Cobertura: la parte de los datos con una imagen dibujada al lado; más es mejor. Precisión: la parte de las imágenes dibujadas que está donde están los datos; más es mejor.',
    '# trainings of each kind, of other seeds and # s of the processor each, all of one size within #%; # pictures of each. The learning rate is the best of #, #, # times the kind\'s own, each tried for # s with a seed that isn\'t counted. ± is for other trainings. “All of the data” means: no less than as many real pictures cover, but for one standard deviation of what random sets of them do; below that a part is left out.':
      '# entrenamientos de cada clase, con otras semillas y # s de procesador cada uno, todos del mismo tamaño salvo un #%; # imágenes de cada uno. La tasa de aprendizaje es la mejor de #, # y # veces la propia de la clase, cada una probada durante # s con una semilla que no cuenta. ± es por otros entrenamientos. «Todos los datos» quiere decir: no menos de lo que cubren otras tantas imágenes reales, salvo una desviación típica de lo que cubren conjuntos suyos al azar; por debajo, se deja fuera una parte.',
    'Precision doesn\'t decide, for it says nothing of what is left out: a model that draws the middle of each class alone has the best. A VAE\'s picture is the mean of all that its code could stand for, and so is a likely one, while others, as real, never come; that is seen in its recall.':
      'La precisión no decide, porque no dice nada de lo que se deja fuera: un modelo que solo dibuja el centro de cada clase tiene la mejor. La imagen de un VAE es la media de todo lo que su código podría representar y por eso es probable, mientras que otras, igual de reales, no salen nunca; eso se ve en su exhaustividad.',
    'Different seeds give different pictures, and the same seed gives the same.':
      'Semillas distintas dan imágenes distintas, y la misma semilla da la misma.',
    'class':
      'clase',
    'seeds':
      'semillas',
    'nearest two, drawn':
      'las dos más próximas, dibujadas',
    'nearest other, drawn':
      'la otra más próxima, dibujada',
    'nearest two, real':
      'las dos más próximas, reales',
    'nearest other, real':
      'la otra más próxima, real',
    'largest difference between two draws of one seed':
      'mayor diferencia entre dos dibujos de una misma semilla',
    'distance to the nearest other seed\'s picture, of that between real ones':
      'distancia a la imagen más próxima de otra semilla, respecto a la que hay entre reales',
    'Distances are root mean squares over the pixels, of a range of #, within a class.':
      'Las distancias son medias cuadráticas sobre los píxeles, con un rango de #, dentro de una clase.',
    'A GAN and a VAE draw in one call; diffusion needs many, and takes longer for it.':
      'Un GAN y un VAE dibujan con una llamada; la difusión necesita muchas, y por eso tarda más.',
    'calls':
      'llamadas',
    'seconds a picture':
      'segundos por imagen',
    'fastest':
      'más rápida',
    'slowest':
      'más lenta',
    'diffusion, ddpm':
      'difusión, ddpm',
    'diffusion, ddim':
      'difusión, ddim',
    'diffusion, dpm++2m':
      'difusión, dpm++2m',
    'diffusion, ddim: times as long as the VAE':
      'difusión, ddim: veces lo que tarda el VAE',
    'diffusion, dpm++2m: times as long as the VAE':
      'difusión, dpm++2m: veces lo que tarda el VAE',
    '# pictures at a time, # by DDPM, on cpu. Speed doesn\'t depend on what was learnt.':
      '# imágenes a la vez, # con DDPM, en el procesador (cpu). La velocidad no depende de lo aprendido.',
    'DDIM and DPM-Solver draw in # to # steps as well as DDPM draws in #.':
      'DDIM y DPM-Solver dibujan en # a # pasos tan bien como DDPM en #.',
    'sampler':
      'muestreador',
    'ddim in # steps, Fréchet distance above DDPM\'s':
      'ddim en # pasos, distancia de Fréchet por encima de la de DDPM',
    'dpm++2m in # steps, Fréchet distance above DDPM\'s':
      'dpm++2m en # pasos, distancia de Fréchet por encima de la de DDPM',
    '# pictures each, of the same seeds. As well means: farther from the data than DDPM\'s by no more than #, the standard deviation of the distance between random halves of the real pictures, which no sampler has any part in.':
      '# imágenes cada uno, de las mismas semillas. Tan bien quiere decir: no más lejos de los datos que las de DDPM en más de #, la desviación típica de la distancia entre mitades al azar de las imágenes reales, en la que no interviene ningún muestreador.',
    'Tell the network the class, and it draws that class.':
      'Dile a la red la clase, y dibuja esa clase.',
    'when asked for it':
      'cuando se pide',
    'when not asked':
      'cuando no se pide',
    'all':
      'todas',
    'read as the class asked for':
      'leídas como la clase pedida',
    'read as a class that was not asked for, beyond chance':
      'leídas como una clase que no se pidió, por encima del azar',
    'Read by a classifier that is right on #% of real pictures it never saw.':
      'Leídas por un clasificador que acierta en el #% de las imágenes reales que nunca vio.',
  },
} satisfies Said<typeof english>
