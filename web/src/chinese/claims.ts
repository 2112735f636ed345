import type * as english from '../english/claims'
import type { Said } from '../languages'

const short = (value: number) => String(Number(value.toPrecision(3)))

export default {
  labels: {
    measured: '测量结果',
    numbers: '具体数字',
    verdicts: { 'borne out': '测量过，得到证实。', 'not borne out': '测量过，未得到证实。', undecided: '测量过，但测量定不下来。', 'not applicable': '这一点无法测量。' },
    decides: '判断的依据',
    between: (least, most) =>
      least !== null && most !== null ? `要求：${short(least)}到${short(most)}` : least !== null ? `要求：至少${short(least)}` : `要求：至多${short(most!)}`,
    how: (threads) =>
      `由“python benchmarks/zoo.py rivals”在${threads}个处理器核上写出；±是95%区间宽度的一半。“sfumato claims digits”会在你的机器上把它们全部重测一遍。`,
    quick: '这是加上--quick时的结果：训练短、图片少，所以区间很宽。',
  },
  found: {
    'Adding noise needs no learning, and one draw does what a thousand small steps do.':
      '加噪声不需要学习，抽一次就等于走一千小步。',
    'steps':
      '步数',
    'signal, closed form':
      '信号，闭式',
    'signal, walked':
      '信号，逐步',
    'noise, closed form':
      '噪声，闭式',
    'noise, walked':
      '噪声，逐步',
    'largest difference between the coefficients of steps and closed form':
      '逐步的系数与闭式的系数之间的最大差',
    'signal after # step, less than the closed form\'s':
      '#步后的信号减去闭式的信号',
    'noise after # step, less than the closed form\'s':
      '#步后的噪声减去闭式的噪声',
    'signal after # steps, less than the closed form\'s':
      '走#步后的信号减去闭式的信号',
    'noise after # steps, less than the closed form\'s':
      '走#步后的噪声减去闭式的噪声',
    '# pictures were walked in # steps of DDPM\'s schedule, which has no weights.':
      '#张图片走了DDPM日程的#步，这个日程没有权重。',
    'At the end of the forward process nothing of the picture is left: x_T is N(#, I).':
      '前向过程结束时，图片什么也不剩：x_T就是N(#, I)。',
    'schedule':
      '日程',
    'signal left':
      '剩下的信号',
    'standard deviation':
      '标准差',
    'distance from the normal law':
      '与正态分布的距离',
    'correlation of neighbours':
      '相邻像素的相关',
    'p-value':
      'p值',
    'signal left (linear)':
      '剩下的信号（linear）',
    'standard deviation (linear)':
      '标准差（linear）',
    'distance from the normal law (linear)':
      '与正态分布的距离（linear）',
    'correlation of neighbours (linear)':
      '相邻像素的相关（linear）',
    'Four tests on # numbers; the p-value is the smallest of theirs times four (Bonferroni).':
      '对#个数做四项检验；p值是其中最小的一个乘以四（Bonferroni校正）。',
    'DDPM\'s schedule decides, by whether each deviation is surely below #. A p-value below # says that noise and x_T can be told apart, as they must be with enough pictures wherever alpha is not #.':
      '由DDPM的日程决定：每一项偏差是否都肯定小于#。p值小于#，说明噪声与x_T可以分辨；只要alpha不是#而图片够多，就一定分辨得出。',
    'Predicting noise trains stably; a GAN\'s two networks work against each other.':
      '预测噪声，训练稳定；GAN的两个网络互相对抗。',
    'model':
      '模型',
    'seed':
      '种子',
    'Fréchet distance':
      '弗雷歇距离',
    'scatter of the loss':
      '损失的波动',
    'images seen':
      '看过的图片',
    'diffusion':
      '扩散',
    'seed #':
      '种子#',
    'share of the GAN\'s seeds that failed, beyond that of diffusion\'s':
      'GAN失败的种子所占比例，减去扩散的比例',
    '# seeds of each were trained for # s. A seed has failed that diverges, or ends # times as far from the data as the median of its kind: # of diffusion\'s, # of the GAN\'s. Failed seeds alone decide: where none fails, nothing is decided.':
      '每种各用#个种子训练#秒。发散，或者最后离数据的距离达到同类中位数的#倍，就算失败：扩散有#个，GAN有#个。只看失败的种子：一个都没失败，就什么也没定。',
    'The scatter is that of the loss of # pictures about its mean, over the last half, as a share of that mean. It doesn\'t decide: a GAN\'s loss is a contest, which stays near a draw however good the pictures, and may scatter little and tell nothing, while diffusion\'s falls as it learns.':
      '波动指后半程里#张图片的损失围绕均值的起伏，占均值的比例。它不作为依据：GAN的损失是一场较量，不管图片多好都接近平局，可以波动很小却什么也说明不了；扩散的损失则随学习下降。',
    'Fréchet distance: distance of the means and covariances; lower is better.':
      '弗雷歇距离：均值与协方差之间的距离；越小越好。',
    'Diffusion\'s pictures are nearer to the data than those of a VAE or a GAN of its size, trained as long.':
      '与同样大小、训练同样久的VAE或GAN相比，扩散的图片离数据更近。',
    'parameters':
      '参数',
    'learning rate, times its own':
      '学习率，与自身常用值之比',
    'halves of the real pictures':
      '真图片的两半',
    'the VAE\'s distance beyond diffusion\'s':
      'VAE的距离减去扩散的距离',
    'the GAN\'s distance beyond diffusion\'s':
      'GAN的距离减去扩散的距离',
    '# trainings of each kind, of other seeds and # s of the processor each, all of one size within #%; # pictures of each. The learning rate is the best of #, #, # times the kind\'s own, each tried for # s with a seed that isn\'t counted. ± is for other trainings.':
      '每种训练#次，种子各不相同，每次用处理器#秒，大小相差不超过#%；各#张图片。学习率取该种常用值的#、#、#倍中最好的一个，每个用一个不计入的种子试#秒。±表示换一次训练的差别。',
    'Nearer means: by more than #, the standard deviation of the distance between random halves of the real pictures, which no training has any part in.':
      '“更近”指差距超过#，也就是真图片随机分成两半时距离的标准差，它与任何训练无关。',
    'Diffusion covers all of the data; a GAN leaves parts of it out.':
      '扩散覆盖全部数据；GAN会漏掉一部分。',
    'recall':
      '召回率',
    'coverage':
      '覆盖率',
    'precision':
      '精确率',
    'real pictures':
      '真图片',
    'diffusion\'s recall less that of real pictures':
      '扩散的召回率减去真图片的召回率',
    'the GAN\'s recall less that of real pictures':
      'GAN的召回率减去真图片的召回率',
    'diffusion\'s coverage less that of real pictures':
      '扩散的覆盖率减去真图片的覆盖率',
    'the GAN\'s coverage less that of real pictures':
      'GAN的覆盖率减去真图片的覆盖率',
    'Recall: share of the data that lies where the samples are; higher is better. Coverage: share of the data with a sample next to it; higher is better. Precision: share of the samples that lie where the data is; higher is better.':
      '召回率：数据中落在生成图片所在之处的比例；越高越好。覆盖率：数据中旁边就有生成图片的比例；越高越好。精确率：生成图片中落在数据所在之处的比例；越高越好。',
    '# trainings of each kind, of other seeds and # s of the processor each, all of one size within #%; # pictures of each. The learning rate is the best of #, #, # times the kind\'s own, each tried for # s with a seed that isn\'t counted. ± is for other trainings. “All of the data” means: no less than as many real pictures cover, but for one standard deviation of what random sets of them do; below that a part is left out.':
      '每种训练#次，种子各不相同，每次用处理器#秒，大小相差不超过#%；各#张图片。学习率取该种常用值的#、#、#倍中最好的一个，每个用一个不计入的种子试#秒。±表示换一次训练的差别。“全部数据”指不少于同样多的真图片所覆盖的，允许差一个标准差，即随机抽取的真图片之间的差别；低于此，就是漏掉了一部分。',
    'Precision doesn\'t decide, for it says nothing of what is left out: a model that draws the middle of each class alone has the best. A VAE\'s picture is the mean of all that its code could stand for, and so is a likely one, while others, as real, never come; that is seen in its recall.':
      '精确率不作为依据，因为它不反映漏掉了什么：只画每一类中间样子的模型，精确率最高。VAE的图片是它的编码可能代表的一切的平均，所以是很常见的样子；别的同样真实的图片却从不出现，这要看召回率。',
    'Different seeds give different pictures, and the same seed gives the same.':
      '不同的种子给出不同的图片，同一个种子给出同一张。',
    'class':
      '类别',
    'seeds':
      '种子数',
    'nearest two, drawn':
      '最近的两张，生成的',
    'nearest other, drawn':
      '最近的另一张，生成的',
    'nearest two, real':
      '最近的两张，真的',
    'nearest other, real':
      '最近的另一张，真的',
    'largest difference between two draws of one seed':
      '同一个种子画两次的最大差别',
    'distance to the nearest other seed\'s picture, of that between real ones':
      '与其他种子最近图片的距离，除以真图片之间的距离',
    'Distances are root mean squares over the pixels, of a range of #, within a class.':
      '距离是像素差的均方根，取值范围为#，在同一类别之内。',
    'A GAN and a VAE draw in one call; diffusion needs many, and takes longer for it.':
      'GAN和VAE只要一次调用就画好；扩散要很多次，所以更慢。',
    'calls':
      '调用次数',
    'seconds a picture':
      '每张图片的秒数',
    'fastest':
      '最快',
    'slowest':
      '最慢',
    'diffusion, ddpm':
      '扩散，ddpm',
    'diffusion, ddim':
      '扩散，ddim',
    'diffusion, dpm++2m':
      '扩散，dpm++2m',
    'diffusion, ddim: times as long as the VAE':
      '扩散，ddim：用时是VAE的倍数',
    'diffusion, dpm++2m: times as long as the VAE':
      '扩散，dpm++2m：用时是VAE的倍数',
    '# pictures at a time, # by DDPM, on cpu. Speed doesn\'t depend on what was learnt.':
      '一次#张图片，DDPM一次#张，用处理器（cpu）。速度与学到了什么无关。',
    'DDIM and DPM-Solver draw in # to # steps as well as DDPM draws in #.':
      'DDIM和DPM-Solver走#到#步，画得和DDPM走#步一样好。',
    'sampler':
      '采样器',
    'ddim in # steps, Fréchet distance above DDPM\'s':
      'ddim走#步，弗雷歇距离减去DDPM的',
    'dpm++2m in # steps, Fréchet distance above DDPM\'s':
      'dpm++2m走#步，弗雷歇距离减去DDPM的',
    '# pictures each, of the same seeds. As well means: farther from the data than DDPM\'s by no more than #, the standard deviation of the distance between random halves of the real pictures, which no sampler has any part in.':
      '各#张图片，种子相同。“一样好”指离数据的距离比DDPM的多出不超过#，也就是真图片随机分成两半时距离的标准差，它与任何采样器无关。',
    'Tell the network the class, and it draws that class.':
      '把类别告诉网络，它就画这个类别。',
    'when asked for it':
      '要求画它时',
    'when not asked':
      '没有要求时',
    'all':
      '全部',
    'read as the class asked for':
      '被认作所要求的类别',
    'read as a class that was not asked for, beyond chance':
      '被认作没有要求的类别，减去碰巧的比例',
    'Read by a classifier that is right on #% of real pictures it never saw.':
      '由一个分类器来认；它对从没见过的真图片，认对#%。',
  },
} satisfies Said<typeof english>
