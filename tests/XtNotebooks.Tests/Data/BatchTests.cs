using TorchSharp;
using XtNotebooks.Data;
using static TorchSharp.torch;

namespace XtNotebooks.Tests.Data;

public class BatchTests
{
    private static long[][] Ids(PaddedBatch batch) => [.. Enumerable.Range(0, (int)batch.Batch).Select(row => batch.Ids[row].cpu().data<long>().ToArray())];

    [Fact]
    public void Rows_are_filled_up_on_the_side_that_was_asked_for()
    {
        using var right = PaddedBatch.From([[1L, 2, 3], [4]], padId: 9);
        using var left = PaddedBatch.From([[1L, 2, 3], [4]], padId: 9, PaddingSide.Left);
        Assert.Equal([[1, 2, 3], [4, 9, 9]], Ids(right));
        Assert.Equal([[1, 2, 3], [9, 9, 4]], Ids(left));
        Assert.Equal([true, false, false], right.Mask[1].cpu().data<bool>().ToArray());
        Assert.Equal([false, false, true], left.Mask[1].cpu().data<bool>().ToArray());
        Assert.Equal([3L, 1], right.Lengths.cpu().data<long>().ToArray());
        Assert.Equal("PaddedBatch [2, 3], 33 % pads (id 9, left)", left.ToString());
    }

    [Fact]
    public void A_padded_tensor_and_its_lengths_make_the_same_batch()
    {
        using var scope = NewDisposeScope();
        using var batch = PaddedBatch.From(tensor(new byte[,] { { 1, 2, 0 }, { 3, 0, 0 } }), tensor(new byte[] { 2, 1 }), padId: 0);
        Assert.Equal([[1, 2, 0], [3, 0, 0]], Ids(batch));
        Assert.Equal([true, true, false, true, false, false], batch.Mask.cpu().data<bool>().ToArray());
        Assert.Throws<ArgumentException>(() => PaddedBatch.From(zeros(2, 3, int64), tensor(new long[] { 2, 4 }), padId: 0));
        Assert.Throws<ArgumentException>(() => PaddedBatch.From(zeros(2, 3, int64), tensor(new long[] { 2 }), padId: 0));
    }

    [Fact]
    public void Empty_and_overlong_rows_are_named()
    {
        Assert.Contains("Row 1 of the batch is empty", Assert.Throws<ArgumentException>(() => PaddedBatch.From([[1L], []], 0)).Message);
        Assert.Contains("Row 0 has 3 tokens, more than the length of 2", Assert.Throws<ArgumentException>(() => PaddedBatch.From([[1L, 2, 3]], 0, length: 2)).Message);
    }

    [Fact]
    public void A_batch_outlives_the_scope_it_was_made_in()
    {
        PaddedBatch batch;
        using (NewDisposeScope())
            batch = PaddedBatch.From([[1L, 2]], 0);
        Assert.Equal([[1, 2]], Ids(batch));
        batch.Dispose();
        Assert.True(batch.Ids.IsInvalid);
    }

    private static TextBatches Names(TextBatchesOptions options) => new(SampleData.FirstNames.Take(200), CharTokenizer.From(SampleData.FirstNames), options);

    private static List<string> Text(IEnumerable<PaddedBatch> batches, ITokenizer tokenizer)
    {
        var lines = new List<string>();
        foreach (var batch in batches)
        {
            using (batch)
                lines.AddRange(Ids(batch).Select(row => tokenizer.Decode(row)));
        }
        return lines;
    }

    [Fact]
    public void An_epoch_holds_every_training_line_once_and_no_held_out_one()
    {
        var batches = Names(new() { BatchSize = 32, HeldOutShare = 0.25 });
        var training = Text(batches.Epoch(0), batches.Tokenizer);
        var heldOut = Text(batches.HeldOut, batches.Tokenizer);
        Assert.Equal((150, 50, 5), (training.Count, heldOut.Count, batches.BatchesPerEpoch));
        Assert.Equal(SampleData.FirstNames.Take(200).Order(StringComparer.Ordinal), training.Concat(heldOut).Order(StringComparer.Ordinal));
        Assert.NotEqual(training, Text(batches.Epoch(1), batches.Tokenizer));
    }

    [Fact]
    public void The_same_seed_gives_the_same_batches_and_another_does_not()
    {
        List<string> Take(int seed)
        {
            var batches = Names(new() { Seed = seed });
            return Text(batches.Take(8), batches.Tokenizer);
        }

        Assert.Equal(Take(1), Take(1));
        Assert.NotEqual(Take(1), Take(2));
    }

    [Fact]
    public void Begin_and_end_are_added_where_asked_for_and_never_otherwise()
    {
        var tokenizer = CharTokenizer.From(["ab"]);
        using var plain = new TextBatches(["ab"], tokenizer, new() { HeldOutShare = 0 }).First();
        using var both = new TextBatches(["ab"], tokenizer, new() { HeldOutShare = 0, Bos = true, Eos = true, Length = 6, Side = PaddingSide.Left }).First();
        Assert.Equal([[3, 4]], Ids(plain));
        Assert.Equal([[0, 0, 1, 3, 4, 2]], Ids(both));
    }

    [Fact]
    public void Lines_that_are_too_long_are_cut_and_counted_and_empty_ones_left_out()
    {
        var batches = new TextBatches(["abcd", "", "ab"], CharTokenizer.From(["abcd"]), new() { Length = 3, Eos = true, HeldOutShare = 0, Shuffle = false });
        using var batch = batches.First();
        Assert.Equal((1, 2), (batches.CutLines, batches.TrainingLines));
        Assert.Equal([[3, 4, 5], [3, 4, 2]], Ids(batch));
    }

    [Fact]
    public void Bucketing_leaves_fewer_pads()
    {
        static double Pads(bool bucketing)
        {
            double tokens = 0, cells = 0;
            foreach (var batch in Names(new() { Bucketing = bucketing, BatchSize = 16 }).Epoch(0))
            {
                using (batch)
                    (tokens, cells) = (tokens + batch.Lengths.sum().item<long>(), cells + batch.Ids.numel());
            }
            return 1 - tokens / cells;
        }

        Assert.True(Pads(true) < Pads(false) / 2, $"{Pads(true)} against {Pads(false)}");
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Names(new() { BatchSize = 0 }));
        Assert.Throws<ArgumentException>(() => Names(new() { Length = 1 }));
        Assert.Throws<ArgumentException>(() => Names(new() { HeldOutShare = 1 }));
        Assert.Throws<ArgumentException>(() => new TextBatches([""], new ByteTokenizer()));
    }

    [Fact]
    public void Motifs_repeat_until_their_length_and_about_half_of_the_batch_is_pads()
    {
        long real = 0, cells = 0;
        foreach (var batch in SyntheticBatches.Motif(seed: 1).Take(20))
        {
            using (batch)
            {
                Assert.Equal([16L, 64], batch.Ids.shape);
                foreach (var (row, length) in Ids(batch).Zip(batch.Lengths.cpu().data<long>().ToArray()))
                {
                    Assert.InRange(length, 8, 64);
                    Assert.Contains(Enumerable.Range(3, 4), period => Enumerable.Range(0, (int)length - period).All(i => row[i] == row[i + period]));
                    Assert.All(row[..(int)length], id => Assert.InRange(id, 1, 31));
                    Assert.All(row[(int)length..], id => Assert.Equal(0, id));
                }
                (real, cells) = (real + batch.Lengths.sum().item<long>(), cells + batch.Ids.numel());
            }
        }
        // Lengths are uniform from 8 to 64, so 36 of 64 on average; 320 rows leave the mean within 0.02 of it.
        Assert.Equal(36 / 64.0, real / (double)cells, 0.05);
    }

    [Fact]
    public void Held_out_batches_are_others_and_always_the_same()
    {
        var batches = SyntheticBatches.Noise(seed: 4);
        using var first = batches.First();
        var (once, again) = (batches.HeldOut(1).Single(), batches.HeldOut(1).Single());
        Assert.Equal(Ids(once), Ids(again));
        Assert.NotEqual(Ids(first), Ids(once));
        once.Dispose();
        again.Dispose();
    }
}
