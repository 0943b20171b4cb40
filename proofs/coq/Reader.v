(** How obligations, and the parts of claims, are written: words of bytes, separated by spaces and line
    ends; and that nothing else is written like them.  What a text states, [Statements.v] says; texts
    are written by certify/io/kernel_text.py. *)
From Coq Require Import Hexadecimal HexadecimalZ QArith String Ascii Arith Lia List.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope nat_scope.
Local Open Scope list_scope.

Definition word := list nat.                             (* its bytes *)
Definition spelled (s : string) : word := map nat_of_ascii (list_ascii_of_string s).

(** * Words of a text *)

Fixpoint split (so_far : word) (bytes : list nat) : list word :=
  let ended := match so_far with [] => [] | _ => [rev so_far] end in
  match bytes with
  | [] => ended
  | c :: rest => if Nat.eqb c 32 || Nat.eqb c 10 then ended ++ split [] rest else split (c :: so_far) rest
  end.
Definition words (bytes : list nat) : list word := split [] bytes.

(** * How things are written *)

(** In decimal digits. *)
Fixpoint digits (fuel n : nat) (after : word) : word :=
  match fuel with
  | O => after
  | S k => let rest := 48 + n mod 10 :: after in if n / 10 =? 0 then rest else digits k (n / 10) rest
  end.
Definition numeral (n : nat) : word := digits (S n) n [].

(** In hexadecimal digits, after a sign if negative and [0x]. *)
Fixpoint hexadecimal (d : Hexadecimal.uint) : word :=
  match d with
  | Nil => []
  | D0 d => 48 :: hexadecimal d | D1 d => 49 :: hexadecimal d | D2 d => 50 :: hexadecimal d
  | D3 d => 51 :: hexadecimal d | D4 d => 52 :: hexadecimal d | D5 d => 53 :: hexadecimal d
  | D6 d => 54 :: hexadecimal d | D7 d => 55 :: hexadecimal d | D8 d => 56 :: hexadecimal d
  | D9 d => 57 :: hexadecimal d | Da d => 97 :: hexadecimal d | Db d => 98 :: hexadecimal d
  | Dc d => 99 :: hexadecimal d | Dd d => 100 :: hexadecimal d | De d => 101 :: hexadecimal d
  | Df d => 102 :: hexadecimal d
  end.
Definition integer (z : Z) : word :=
  match z with
  | Z0 => [48; 120; 48]
  | Zpos p => 48 :: 120 :: hexadecimal (Pos.to_hex_uint p)
  | Zneg p => 45 :: 48 :: 120 :: hexadecimal (Pos.to_hex_uint p)
  end.

Definition print_nat (n : nat) : list word := [numeral n].
Definition print_rational (q : Q) : list word := [integer (Qnum q); integer (Z.pos (Qden q))].
Definition print_list {A} (print : A -> list word) (l : list A) : list word :=
  numeral (List.length l) :: flat_map print l.
Definition print_pair (b : Q * Q) : list word := print_rational (fst b) ++ print_rational (snd b).
Definition print_row (r : list Q * Q) : list word := print_rational (snd r) ++ print_list print_rational (fst r).

Definition print_fn (g : fn) : list word :=
  match g with
  | Relu => [spelled "relu"] | Abs => [spelled "abs"] | Sin => [spelled "sin"] | Cos => [spelled "cos"]
  | Tanh => [spelled "tanh"] | Exp => [spelled "exp"] | Atan => [spelled "atan"]
  | Log => [spelled "log"] | Sqrt => [spelled "sqrt"] | Recip => [spelled "recip"]
  | Pow n => [spelled "pow"; numeral n]
  end.
Definition print_node (c : node Q) : list word :=
  match c with
  | Const q => spelled "const" :: print_rational q
  | Var i => [spelled "var"; numeral i]
  | Neg a => [spelled "neg"; numeral a]
  | Add a b => [spelled "add"; numeral a; numeral b]
  | Sub a b => [spelled "sub"; numeral a; numeral b]
  | Mul a b => [spelled "mul"; numeral a; numeral b]
  | Max a b => [spelled "max"; numeral a; numeral b]
  | Call g a => spelled "call" :: print_fn g ++ [numeral a]
  | Step a => [spelled "step"; numeral a]
  | Select a b c => [spelled "select"; numeral a; numeral b; numeral c]
  | Quotient g a b => spelled "quotient" :: print_fn g ++ [numeral a; numeral b]
  | Quotient2 g a b => spelled "quotient2" :: print_fn g ++ [numeral a; numeral b]
  | Increment g a b => spelled "increment" :: print_fn g ++ [numeral a; numeral b]
  | Stack l => spelled "stack" :: print_list print_nat l
  | Index a i => [spelled "index"; numeral a; numeral i]
  | Affine rows a => spelled "affine" :: print_list print_row rows ++ [numeral a]
  end.
Fixpoint print_formula (f : formula) : list word :=
  match f with
  | Positive k => [spelled "positive"; numeral k]
  | Nonnegative k => [spelled "nonnegative"; numeral k]
  | Defined k => [spelled "defined"; numeral k]
  | And a b => spelled "and" :: print_formula a ++ print_formula b
  | Or a b => spelled "or" :: print_formula a ++ print_formula b
  end.
Definition print_obligation (o : obligation) : list word :=
  spelled "box" :: print_list print_pair (box o) ++
  spelled "program" :: print_list print_node (program o) ++
  spelled "goal" :: print_formula (goal o).

(** * Nothing else is written like it *)

Definition code {A} (p : A -> list word) : Prop :=
  forall a b r s, p a ++ r = p b ++ s -> a = b /\ r = s.

Fixpoint value (w : word) (acc : nat) : nat :=
  match w with [] => acc | c :: w' => value w' (10 * acc + (c - 48)) end.
Lemma digits_value fuel : forall n after acc, n < fuel -> exists k,
  value (digits fuel n after) acc = value after (k * acc + n).
Proof.
  induction fuel; intros n after acc L; [lia|]. cbn [digits].
  assert (D : n = 10 * (n / 10) + n mod 10) by (apply Nat.div_mod; lia).
  destruct (Nat.eqb_spec (n / 10) 0) as [Z|Z].
  - exists 10. cbn [value]. f_equal. lia.
  - destruct (IHfuel (n / 10) (48 + n mod 10 :: after) acc) as [k K].
    + assert (n / 10 < n) by (apply Nat.div_lt; lia). lia.
    + exists (10 * k). rewrite K. cbn [value]. f_equal. lia.
Qed.
Lemma numeral_injective a b : numeral a = numeral b -> a = b.
Proof.
  intros H. apply (f_equal (fun w => value w 0)) in H. unfold numeral in H.
  destruct (digits_value (S a) a [] 0) as [k K]; [lia|].
  destruct (digits_value (S b) b [] 0) as [j J]; [lia|].
  rewrite K, J in H. cbn [value] in H. lia.
Qed.
Lemma hexadecimal_injective d : forall e, hexadecimal d = hexadecimal e -> d = e.
Proof. induction d; intros e H; destruct e; cbn in H; try discriminate; inversion H; f_equal; auto. Qed.
Lemma integer_injective a b : integer a = integer b -> a = b.
Proof.
  assert (E : forall z, integer z = match Z.to_hex_int z with
    | Hexadecimal.Pos d => 48 :: 120 :: hexadecimal d
    | Hexadecimal.Neg d => 45 :: 48 :: 120 :: hexadecimal d end) by (intros [|p|p]; reflexivity).
  rewrite !E. clear E. intros H. apply HexadecimalZ.to_int_inj.
  destruct (Z.to_hex_int a), (Z.to_hex_int b); inversion H; f_equal; now apply hexadecimal_injective.
Qed.

Lemma code_nat : code print_nat.
Proof. intros a b r s H. inversion H. split; auto. now apply numeral_injective. Qed.
Lemma code_rational : code print_rational.
Proof.
  intros [n d] [m e] r s H. unfold print_rational in H. cbn [Qnum Qden app] in H.
  pose proof (f_equal (hd []) H) as N. pose proof (f_equal (fun l => hd [] (tl l)) H) as D.
  pose proof (f_equal (fun l => tl (tl l)) H) as R. cbn [hd tl] in N, D, R.
  apply integer_injective in N. apply integer_injective in D.
  assert (d = e) by congruence. subst. auto.
Qed.
Lemma code_map {A} (p : A -> list word) : code p -> forall l m r s, List.length l = List.length m ->
  flat_map p l ++ r = flat_map p m ++ s -> l = m /\ r = s.
Proof.
  intros C. induction l as [|a l IH]; intros [|b m] r s L H; try discriminate; auto.
  cbn in H. rewrite <- !app_assoc in H. apply C in H. destruct H as [<- H].
  apply IH in H; auto. destruct H as [<- H]. auto.
Qed.
Lemma code_list {A} (p : A -> list word) : code p -> code (print_list p).
Proof.
  intros C l m r s H. inversion H as [[L E]]. apply numeral_injective in L. now apply (code_map p C).
Qed.
Lemma code_pair : code print_pair.
Proof.
  intros [a b] [c d] r s H. unfold print_pair in H. cbn [fst snd] in H. rewrite <- !app_assoc in H.
  apply code_rational in H. destruct H as [<- H]. apply code_rational in H. destruct H as [<- H]. auto.
Qed.
Lemma code_row : code print_row.
Proof.
  intros [a b] [c d] r s H. unfold print_row in H. cbn [fst snd] in H. rewrite <- !app_assoc in H.
  apply code_rational in H. destruct H as [<- H].
  apply (code_list _ code_rational) in H. destruct H as [<- H]. auto.
Qed.
Lemma code_fn : code print_fn.
Proof.
  intros a b r s H. destruct a, b; cbn in H; try discriminate; inversion H; auto.
  split; auto. f_equal. now apply numeral_injective.
Qed.

Ltac same_number :=
  match goal with H : numeral _ = numeral _ |- _ => apply numeral_injective in H; subst end.
Lemma code_node : code print_node.
Proof.
  intros a b r s H.
  destruct a, b; cbn [print_node] in H; try (apply (f_equal (hd [])) in H; discriminate H);
    apply (f_equal (@tl word)) in H; cbn [tl app] in H; rewrite <- ?app_assoc in H;
    try (inversion H; repeat same_number; auto; fail).
  - apply code_rational in H. destruct H as [<- H]. auto.
  - apply code_fn in H. destruct H as [<- H]. inversion H. repeat same_number. auto.
  - apply code_fn in H. destruct H as [<- H]. inversion H. repeat same_number. auto.
  - apply code_fn in H. destruct H as [<- H]. inversion H. repeat same_number. auto.
  - apply code_fn in H. destruct H as [<- H]. inversion H. repeat same_number. auto.
  - apply (code_list _ code_nat) in H. destruct H as [<- H]. auto.
  - apply (code_list _ code_row) in H. destruct H as [<- H]. inversion H. repeat same_number. auto.
Qed.
Lemma code_formula : code print_formula.
Proof.
  intros a. induction a; intros b r s H; destruct b; cbn [print_formula] in H;
    try (apply (f_equal (hd [])) in H; discriminate H);
    apply (f_equal (@tl word)) in H; cbn [tl app] in H; rewrite <- ?app_assoc in H;
    try (inversion H; repeat same_number; auto; fail).
  - apply IHa1 in H. destruct H as [<- H]. apply IHa2 in H. destruct H as [<- H]. auto.
  - apply IHa1 in H. destruct H as [<- H]. apply IHa2 in H. destruct H as [<- H]. auto.
Qed.
Lemma obligation_injective a b : print_obligation a = print_obligation b -> a = b.
Proof.
  destruct a as [x p f], b as [y q g]. unfold print_obligation. cbn [box program goal]. intros H.
  apply (f_equal (@tl word)) in H. cbn [tl] in H.
  apply (code_list _ code_pair) in H. destruct H as [<- H].
  apply (f_equal (@tl word)) in H. cbn [tl] in H.
  apply (code_list _ code_node) in H. destruct H as [<- H].
  apply (f_equal (@tl word)) in H. cbn [tl] in H.
  rewrite <- (app_nil_r (print_formula f)), <- (app_nil_r (print_formula g)) in H.
  apply code_formula in H. now destruct H as [<- _].
Qed.

(** * What the program runs *)

(** [words] without recursion that is as deep as the text is long. *)
Fixpoint split_onto (before : list word) (so_far : word) (bytes : list nat) : list word :=
  let before' := match so_far with [] => before | _ => rev so_far :: before end in
  match bytes with
  | [] => rev_append before' []
  | c :: rest =>
    if Nat.eqb c 32 || Nat.eqb c 10 then split_onto before' [] rest else split_onto before (c :: so_far) rest
  end.
Lemma split_onto_ok bytes : forall before so_far, split_onto before so_far bytes = rev before ++ split so_far bytes.
Proof.
  induction bytes as [|c bytes IH]; intros before so_far; cbn [split_onto split].
  - rewrite rev_append_rev, app_nil_r. destruct so_far; simpl; auto. now rewrite app_nil_r.
  - destruct (_ || _); rewrite IH; auto. destruct so_far; simpl; auto. now rewrite <- app_assoc.
Qed.

Fixpoint same_word (a b : word) : bool :=
  match a, b with
  | [], [] => true
  | x :: a', y :: b' => if Nat.eqb x y then same_word a' b' else false
  | _, _ => false
  end.
Fixpoint same_words (a b : list word) : bool :=
  match a, b with
  | [], [] => true
  | x :: a', y :: b' => if same_word x y then same_words a' b' else false
  | _, _ => false
  end.

Lemma same_word_ok a : forall b, same_word a b = true -> a = b.
Proof.
  induction a as [|x a IH]; intros [|y b] H; try discriminate; auto. cbn in H.
  destruct (Nat.eqb_spec x y); [|discriminate]. f_equal; auto.
Qed.
Lemma same_words_ok a : forall b, same_words a b = true -> a = b.
Proof.
  induction a as [|x a IH]; intros [|y b] H; try discriminate; auto. cbn in H.
  destruct (same_word x y) eqn:E; [|discriminate]. f_equal; auto. now apply same_word_ok.
Qed.
