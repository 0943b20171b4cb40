(** From programs for a plant and a Lyapunov function to the obligation [descent] of T-STAB-D, and
    from its proof to trajectories: nothing between a claim and its obligation is left to trust. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Theorems.
Import ListNotations.
Local Open Scope R_scope.

(** * Programs inside of programs *)

(** Whether a node reads the [k] vectors before it alone, and variables below [n]. *)
Definition reads (n k : nat) (c : node Q) : bool :=
  let below a := Nat.ltb a k in
  match c with
  | Const _ => true
  | Var i => Nat.ltb i n
  | Neg a | Call _ a | Step a | Index a _ | Affine _ a => below a
  | Add a b | Sub a b | Mul a b | Max a b | Quotient _ a b | Quotient2 _ a b
  | Increment _ a b => below a && below b
  | Select a b c => below a && (below b && below c)
  | Stack l => forallb below l
  end.
Fixpoint closed_program (n k : nat) (p : list (node Q)) : bool :=
  match p with [] => true | c :: p' => reads n k c && closed_program n (S k) p' end.

(** The program [p] with the vector [at_ i] of the environment for variable [i]. *)
Fixpoint plugged (at_ : nat -> nat) (k : nat) (p : list (node Q)) : list (node Q) :=
  match p with
  | [] => []
  | c :: p' => match c with Var i => Index (k + at_ i) 0 | _ => c end :: plugged at_ (S k) p'
  end.

Lemma evaluate_inside n x y t own e at_ c : reads n (length own) c = true ->
  (forall i, (i < n)%nat -> hd None (nth (at_ i) e []) = nth_error y i) ->
  evaluate x t (own ++ e) (match c with Var i => Index (length own + at_ i) 0 | _ => c end) =
  evaluate y t own c.
Proof.
  intros H A.
  assert (N : forall k, Nat.ltb k (length own) = true -> nth k (own ++ e) [] = nth k own [])
    by (intros k K; apply Nat.ltb_lt in K; now apply app_nth1).
  destruct c; cbn [reads evaluate] in *; rewrite ?andb_true_iff in H;
    repeat match goal with H : _ /\ _ |- _ => destruct H end; rewrite ?N by assumption; auto.
  - rewrite app_nth2 by lia. replace (length own + at_ i - length own)%nat with (at_ i) by lia.
    apply Nat.ltb_lt in H. rewrite <- (A i H).
    destruct (nth (at_ i) e []); reflexivity.
  - apply map_ext_in. intros k K. rewrite forallb_forall in H. now rewrite N by auto.
Qed.

Definition later (t : choice) (k : nat) : choice := fun i => t (i + k)%nat.
Lemma run_inside n x y t at_ p : forall own e, closed_program n (length own) p = true ->
  (forall i, (i < n)%nat -> hd None (nth (at_ i) e []) = nth_error y i) ->
  run x t (plugged at_ (length own) p) (own ++ e) = run y (later t (length e)) p own ++ e.
Proof.
  induction p as [|c p IH]; intros own e H A; simpl; auto.
  simpl in H. apply andb_prop in H; destruct H as [H1 H2].
  rewrite (evaluate_inside n x y _ own e at_ c H1 A), app_length.
  unfold later at 2. cbv beta.
  exact (IH (evaluate y (t (length own + length e)%nat) own c :: own) e H2 A).
Qed.
Lemma run_choice x p : forall t t' e, (forall k, (k < length e + length p)%nat -> t k = t' k) ->
  run x t p e = run x t' p e.
Proof.
  induction p as [|c p IH]; intros t t' e H; simpl; auto.
  rewrite H by (simpl; lia). apply IH. intros k K. apply H. simpl in *. lia.
Qed.
Lemma run_length x t p : forall e, length (run x t p e) = (length p + length e)%nat.
Proof. induction p; intros e; simpl; auto. rewrite IHp. simpl. lia. Qed.
Lemma run_app x t p q : forall e, run x t (p ++ q) e = run x t q (run x t p e).
Proof. induction p; intros e; simpl; auto. Qed.

(** * Formulas of linear inequalities over one vector *)

Inductive linear_formula :=
| Row (strict : bool) (row : list Q) (bias : Q)         (* row . v + bias > 0, or >= 0 *)
| Both (a b : linear_formula) | Either (a b : linear_formula).

Fixpoint linear_truth (v : list R) (f : linear_formula) : Prop :=
  match f with
  | Row true row b => 0 < dotR row v + Q2R b
  | Row false row b => 0 <= dotR row v + Q2R b
  | Both a b => linear_truth v a /\ linear_truth v b
  | Either a b => linear_truth v a \/ linear_truth v b
  end.
Fixpoint rows (f : linear_formula) : list (list Q * Q) :=
  match f with Row _ r b => [(r, b)] | Both a b | Either a b => rows a ++ rows b end.
(** Row [c] of all is the vector that [last - c] counts back to. *)
Fixpoint numbered (last c : nat) (f : linear_formula) : formula :=
  match f with
  | Row true _ _ => Positive (last - c)
  | Row false _ _ => Nonnegative (last - c)
  | Both a b => And (numbered last c a) (numbered last (c + length (rows a)) b)
  | Either a b => Or (numbered last c a) (numbered last (c + length (rows a)) b)
  end.

Lemma numbered_ok e last u f : forall c,
  (forall j r, nth_error (rows f) j = Some r ->
    nth (last - (c + j)) e [] = [dot (fst r) (map Some u) (Q2R (snd r))]) ->
  truth e (numbered last c f) -> linear_truth u f.
Proof.
  induction f as [strict r b|a IHa b IHb|a IHa b IHb]; intros c H T; simpl in *.
  - specialize (H O (r, b) eq_refl). rewrite Nat.add_0_r, dot_dotR in H. simpl in H.
    destruct strict; destruct T as [v [E V]]; pose proof (eq_trans (eq_sym H) E) as K;
      inversion K; subst; auto.
  - destruct T as [A B]. split.
    + apply (IHa c); auto. intros j q Q. apply H. rewrite nth_error_app1; auto.
      apply nth_error_Some. now rewrite Q.
    + apply (IHb (c + length (rows a))%nat); auto. intros j q Q.
      replace (c + length (rows a) + j)%nat with (c + (length (rows a) + j))%nat by lia. apply H.
      rewrite nth_error_app2 by lia. now replace (length (rows a) + j - length (rows a))%nat with j by lia.
  - destruct T as [A|B]; [left|right].
    + apply (IHa c); auto. intros j q Q. apply H. rewrite nth_error_app1; auto.
      apply nth_error_Some. now rewrite Q.
    + apply (IHb (c + length (rows a))%nat); auto. intros j q Q.
      replace (c + length (rows a) + j)%nat with (c + (length (rows a) + j))%nat by lia. apply H.
      rewrite nth_error_app2 by lia. now replace (length (rows a) + j - length (rows a))%nat with j by lia.
Qed.

(** An undefined vector makes every row undefined, so that no atom is true. *)
Lemma dot_undefined row : forall v b, length row = length v -> In None v -> dot row v b = None.
Proof.
  induction row as [|w row IH]; intros [|a v] b L E; simpl in *; try discriminate; try contradiction.
  destruct E as [E|E].
  - subst. reflexivity.
  - rewrite (IH v b) by auto. now destruct a.
Qed.
Lemma numbered_defined e last v f : forall c,
  (forall j r, nth_error (rows f) j = Some r -> length (fst r) = length v /\
    nth (last - (c + j)) e [] = [dot (fst r) v (Q2R (snd r))]) ->
  truth e (numbered last c f) -> ~ In None v.
Proof.
  induction f as [strict r b|a IHa b IHb|a IHa b IHb]; intros c H T N; simpl in *.
  - destruct (H O (r, b) eq_refl) as [L E]. rewrite Nat.add_0_r in E. simpl in *.
    rewrite (dot_undefined r v) in E by auto.
    destruct strict; destruct T as [z [Z _]]; pose proof (eq_trans (eq_sym E) Z); discriminate.
  - destruct T as [A _]. apply (IHa c) in N; auto. intros j q Q. apply H. rewrite nth_error_app1; auto.
    apply nth_error_Some. now rewrite Q.
  - destruct T as [A|B].
    + apply (IHa c) in N; auto. intros j q Q. apply H. rewrite nth_error_app1; auto.
      apply nth_error_Some. now rewrite Q.
    + apply (IHb (c + length (rows a))%nat) in N; auto. intros j q Q.
      replace (c + length (rows a) + j)%nat with (c + (length (rows a) + j))%nat by lia. apply H.
      rewrite nth_error_app2 by lia. now replace (length (rows a) + j - length (rows a))%nat with j by lia.
Qed.
