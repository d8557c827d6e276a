using XtNotebooks.Views;

namespace XtNotebooks.Diagnostics;

/// <summary>Check 17.</summary>
internal sealed class InitialLoss : ICheck
{
    public CheckInfo Info { get; } = new(17, "initial-loss", "Does an untrained model start near ln(vocabulary)?",
        "Compares the mean loss of real tokens with ln(vocabulary), what a guess without knowledge costs. Only advice.",
        "https://github.com/pengzhangzhi/Open-dLLM/issues/8");

    public CheckOutcome Look(Examination exam)
    {
        if (!exam.Options.Untrained)
            return Info.NotChecked("say --untrained where the model is freshly initialised");
        if (exam.Reading(out var why) is not { } reading)
            return Info.NotChecked(why);
        if (exam.Clean is not { Calls: 1 } clean || clean.Logits.shape[1] != reading.Columns)
            return Info.NotChecked("the loss does not call the model once on the whole batch");
        var pads = PadTargets.Of(reading, exam.Sequences, exam.Alignment(reading));
        var places = reading.Places().Except(pads).ToList();
        if (places.Count == 0)
            return Info.NotChecked("nothing is trained in this batch");
        var (loss, guess) = (Costs.Mean(exam, reading, places), Math.Log(exam.Vocabulary));
        if (loss <= guess + 1 && loss >= 0.75 * guess)
            return Info.Passed($"{Words.Nats(loss)} nats on real tokens, ln({exam.Vocabulary}) is {Words.Nats(guess)}");
        return Info.Found(Info.Finding(Severity.Advice,
            $"An untrained model starts at {Words.Nats(loss)} nats on real tokens; ln({exam.Vocabulary}) is {Words.Nats(guess)}.",
            loss > guess ? "Make the initial logits small: a smaller initialisation of the output layer, or a norm before it."
                : "Better than chance before training means that the answer leaks in, or that the model is not untrained."));
    }
}
