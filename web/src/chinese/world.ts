import type * as english from '../english/world'
import type { Said } from '../languages'

export default {
  reasons: [
    { name: '平稳', says: '训练是一个固定的练习。没有第二个网络要对抗，所以没有什么要保持平衡。' },
    { name: '忠实', says: '图片很接近数据。行走做了许多小修正，每一次都是简单的猜测。' },
    { name: '多样', says: '每个种子通向自己的图片。训练会问到所有的例子，一个也不能漏。' },
    { name: '可控', says: '每一步你都可以改变猜测：用类别，用文字，用遮罩，用第二个模型。' },
    { name: '代价', says: '一张图片要许多次调用。好的采样器要得少一些，但永远没有GAN或VAE那么少。' },
  ],
  systems: {
    dalle: {
      about: 'OpenAI，2022年。有论文介绍。',
      rows: {
        idea: '从噪声到图片走两次：先是图片的摘要，再是图片。',
        forward: '往64 × 64像素的小图片里掺噪声，也往摘要里掺。',
        reverse: '三次行走，一次接一次：边长到64像素，再到256，再到1024。',
        network: '图片用UNet，摘要用Transformer。',
        training: '来自互联网的几亿张带说明文字的图片。',
        sampling: 'DDPM和DDIM，尺寸越大，步数越少。',
        steering: '文字变成图片的CLIP摘要，引导往那边推。',
      },
    },
    stable: {
      about: 'CompVis、Stability AI和Runway，2022年。权重和代码是公开的。',
      rows: {
        idea: '同样的行走，在更小的空间里。',
        forward: '噪声掺进潜变量，不掺进像素。第3版用直线调度。',
        reverse: '行走都在潜空间里。解码器只在最后运行一次。',
        network: '用注意力看文字的UNet，8.6亿个权重。第3版：Transformer。',
        training: '来自互联网的几十亿张带说明文字的图片（LAION）。',
        sampling: '第6章的任何采样器。常用20到50步。',
        steering: '文本编码器（CLIP），引导在7左右。遮罩、LoRA和ControlNet来自公众。',
      },
    },
    midjourney: {
      about: 'Midjourney，2022年起。内部怎样工作没有公开。',
      rows: {
        idea: '看得到的是：图片开头是噪声或模糊的一团，然后变清楚。',
        forward: '没有公开。',
        reverse: '在你等待时，会显示行走中早期的图片。',
        network: '没有公开。',
        training: '没有公开。',
        sampling: '可以设定种子：同样的种子和提示词，给出几乎同样的图片。',
        steering: '提示词，用来起头的图片，风格的强度，以及用来重画一块区域的画笔。',
      },
    },
    sora: {
      about: 'OpenAI，2024年。有报告介绍它的设计，没有细节。',
      rows: {
        idea: '同样的行走用在视频上：一段视频的所有帧，来自同一块噪声。',
        forward: '噪声掺进整段视频的潜变量。',
        reverse: '带噪的小块进去，对干净小块的猜测出来。',
        network: '处理小块的Transformer，小块在空间和时间上都有长度。',
        training: '各种尺寸的视频和图片，说明文字由另一个模型写。',
        sampling: '没有公开。',
        steering: '文字，第一张图片，或要接着做下去的视频。',
      },
    },
  },
  labels: {
    view: '看什么',
    views: { why: '它为什么这么好用', systems: '四个系统' },
    system: '系统',
    known: (name) => `按这门课的各章来看${name}`,
  },
  text: {
    title: '走进现实',
    lead: 'DALL·E、Stable Diffusion、Midjourney、Sora：它们的主要部件，你现在都认识了。这一章讲它们加了什么，扩散为什么这么好用，以及它不可以做什么。',
    sections: [
      {
        heading: '它为什么这么好用',
        text: [
          '在扩散之前，最好的图片来自[[GAN]]。有四点改变了这个局面：训练平稳，图片忠实，图片多样，可以控制。这些有代价，在画的时候付。[演示](world.view=why)拿这五点和实测对照。',
          '这些实测规模很小，和这门课的模型一样。数据不支持某条论断的地方，演示会如实说。大模型证实了忠实和可控，也显出了代价：它们的调用，要在和房子一样贵的机器上运行。',
        ],
      },
      {
        heading: '四个系统，七章内容',
        text: [
          '[选一个系统](world.view=systems&world.system=stable)，看看每一章的内容在哪里再次出现。四个都从噪声开始，走到图片，由文字控制。不同的是：在什么上面走（像素或[[latent|潜变量]]），用什么[[network|网络]]（[[UNet]]或[[transformer|Transformer]]），以及文字怎样进来。',
          '关于Midjourney，能读到的很少，所以不知道的地方，表里写“没有公开”。Sora说明，这套办法不止于图片。视频是更大的一块数，行走还是一样。',
        ],
      },
      {
        heading: '大系统增加的部件',
        text: [
          '**文本编码器**。[第7章](steering.view=words)的小文字网络，是从emoji的说明文字学的。大系统用的[[text encoder|文本编码器]]，事先在多得多的文字上训练过。CLIP学的是哪些说明文字配哪些图片；T5学的是填补文字里的空。两者都给出一排排数，由注意力来读，就像你看到过的那样。',
          '**潜变量**。大图片先压缩，行走都在小空间里。第7章的[更小的空间](steering.view=latent&steering.space=scale)说明这能省多少。Stable Diffusion 3每个位置留16个数，而不是4个，所以保住了更多细节。',
          '**Transformer**。较新的系统用[[transformer|Transformer]]代替UNet。它把图片切成小块，在每个模块里，所有小块都用[注意力](network.view=attention)互相看。这更费，但值得：权重更多、数据更多，图片就继续变好。',
          '**LoRA**。要教模型认识你的狗或你的风格，不必改动全部权重。[[LoRA]]保留原来的权重，在每张大的权重表旁边加两张窄表。只训练这两张窄表，用的就是[第5章](training.view=step)的练习。文件常常只有模型的百分之一。',
          '**ControlNet**。什么东西在什么地方，用文字很难说清。[[ControlNet]]读一幅草图、一个姿势或一张深度图，把找到的东西加到网络自己的特征图上，就像第4章里多了一座[桥](network.view=parts&network.off=skip+0.0)。它从零开始，所以起初什么也不变。',
          '**蒸馏**。一次20步的行走，可以教第二个模型用一到四步做到同样的事。这就是[[distillation|蒸馏]]。第二个模型学着直接跳到第一个会到的地方。和第6章的[步数太少会怎样](sampling.view=few)比一比：没有这种训练，一步只能给出平均。',
          '**流匹配**。有些模型用[[flow matching|流匹配]]训练：让网络回答从噪声到数据的直线上的[[velocity (v)|速度（v）]]。噪声是高斯噪声时，这就是换了说法的扩散，用的是第2章的[直线调度](forward.show=schedule&forward.schedule=flow)。第7章的引导旋钮就走在这种调度上。',
        ],
      },
      {
        heading: '副本、权利，和图片的来源',
        text: [
          '**副本**。模型通常不抄，但它可以抄。2023年，研究者找出在Stable Diffusion的训练集里出现次数最多的35万张图片，用每一张的说明文字各生成500张。按他们的标准，其中94张原图几乎原样回来。原因是[[memorisation|记忆化]]：例子少，训练久，就像[第5章](training.view=run&training.show=error&training.set=held_out&training.moment=10)那样，也像第7章的[红心](steering.view=words&steering.say=red+heart)那样。从训练集里去掉重复的图片，会有帮助。',
          '**权利**。训练图片通常是有主人的。能不能不问一声就拿来训练，各国的规定不同，法院也还在审理。画出的图片归谁，同样没有定论：在美国，完全由机器做的图片没有版权。如果你要发表图片，请查一查你所在国家的规定和模型的许可协议。这门课的emoji来自OpenMoji。它的许可协议（CC BY-SA 4.0）允许这样使用，条件是写明OpenMoji，并且用它的图画做出的东西也以同样方式共享。',
          '**来源**。一张好图片可能是谎言。[[provenance|来源凭证]]就是办法：文件里的签名数据，写明是哪台相机或哪个模型做的（C2PA）；或者像素里的隐藏标记（例如SynthID）。两者都可能丢失或被去掉，所以没有标记什么也证明不了。欧盟的《人工智能法》规定，提供这类系统的人必须给生成的内容加上标记。',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
