(** Programs of [Select] as trees, and boxes with open ends on which they are one leaf, from leaf to leaf. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Cases.
Import ListNotations.
Local Open Scope R_scope.

(** * Programs as trees *)

(** [Strange] is what cases are not distinguished in. *)
Inductive term :=
| Number (q : Q) | Input (i : nat) | Opposite (a : term) | Sum (a b : term) | Difference (a b : term)
| Product (a b : term) | Choice (c a b : term) | Strange.

Fixpoint stands (x : list R) (t : term) (s : scalar) : Prop :=
  match t with
  | Number q => s = Some (Q2R q)
  | Input i => s = nth_error x i
  | Opposite a => exists r, stands x a r /\ s = lift1 (fun v => Some (- v)) r
  | Sum a b => exists r q, stands x a r /\ stands x b q /\ s = lift2 (fun v w => Some (v + w)) r q
  | Difference a b => exists r q, stands x a r /\ stands x b q /\ s = lift2 (fun v w => Some (v - w)) r q
  | Product a b => exists r q, stands x a r /\ stands x b q /\ s = lift2 (fun v w => Some (v * w)) r q
  | Choice c a b => exists r p q, stands x c r /\ stands x a p /\ stands x b q /\ s = select r p q
  | Strange => True
  end.

Fixpoint row_term (row : list Q) (v : list term) (bias : Q) : term :=
  match row, v with
  | w :: row', a :: v' => Sum (Product (Number w) a) (row_term row' v' bias)
  | _, _ => Number bias
  end.
Definition node_terms (e : list (list term)) (n : node Q) : list term :=
  let arg k := nth k e [] in
  let first k := hd Strange (arg k) in
  match n with
  | Const q => [Number q]
  | Var i => [Input i]
  | Neg a => map Opposite (arg a)
  | Add a b => map (fun p => Sum (fst p) (snd p)) (combine (arg a) (arg b))
  | Sub a b => map (fun p => Difference (fst p) (snd p)) (combine (arg a) (arg b))
  | Mul a b => map (fun p => Product (fst p) (snd p)) (combine (arg a) (arg b))
  | Select a b c => [Choice (first a) (first b) (first c)]
  | Stack parts => map first parts
  | Index a i => [nth i (arg a) Strange]
  | Affine rows a => map (fun r => row_term (fst r) (arg a) (snd r)) rows
  | Max a b | Quotient _ a b | Quotient2 _ a b | Increment _ a b => map (fun _ => Strange) (combine (arg a) (arg b))
  | Call _ a | Step a => map (fun _ => Strange) (arg a)
  end.
Fixpoint terms (p : list (node Q)) (e : list (list term)) : list (list term) :=
  match p with [] => e | n :: p' => terms p' (node_terms e n :: e) end.

Definition all_stand (x : list R) : list term -> vector -> Prop := Forall2 (stands x).

Lemma stand_first x a v : all_stand x a v -> stands x (hd Strange a) (hd None v).
Proof. destruct 1; simpl; auto. Qed.
Lemma stand_arg x e vs k : Forall2 (all_stand x) e vs -> all_stand x (nth k e []) (nth k vs []).
Proof. intros H. revert k. induction H; intros [|k]; simpl; auto; constructor. Qed.
Lemma stand_nth x a v i : all_stand x a v -> stands x (nth i a Strange) (nth i v None).
Proof. intros H. revert i. induction H; intros [|i]; simpl; auto. Qed.
Lemma row_term_ok x row bias : forall a v, all_stand x a v -> stands x (row_term row a bias) (dot row v (Q2R bias)).
Proof.
  induction row as [|w row IH]; intros a v H; [reflexivity|]. destruct H as [|t s a v T H]; [reflexivity|].
  cbn [row_term dot stands]. exists (lift2 (fun v w => Some (v * w)) (Some (Q2R w)) s), (dot row v (Q2R bias)).
  split; [exists (Some (Q2R w)), s; auto|]. split; [now apply IH|].
  destruct s as [y|]; [|reflexivity]. simpl. now destruct (dot row v (Q2R bias)).
Qed.
Lemma stand_zip x (f : term -> term -> term) (g : scalar -> scalar -> scalar) :
  (forall a b r q, stands x a r -> stands x b q -> stands x (f a b) (g r q)) ->
  forall a v b w, all_stand x a v -> all_stand x b w ->
  all_stand x (map (fun p => f (fst p) (snd p)) (combine a b)) (zip g v w).
Proof.
  intros F a v b w H. revert b w. unfold zip. induction H; intros b w K; [constructor|].
  destruct K; [constructor|]. simpl. constructor; auto. now apply IHForall2.
Qed.
Lemma mapi_from_map {A B} (f : nat -> A -> B) (l : list A) : forall i, length (mapi_from i f l) = length l.
Proof. induction l; intros; simpl; auto. Qed.
Lemma all_strange x a v : length a = length v -> all_stand x (map (fun _ : term * term => Strange) a) v.
Proof. revert v. induction a; intros [|s v] L; try discriminate; simpl; constructor; simpl; auto. apply IHa; auto. Qed.
Lemma all_strange_one x (a : list term) v : length a = length v -> all_stand x (map (fun _ => Strange) a) v.
Proof. revert v. induction a; intros [|s v] L; try discriminate; simpl; constructor; simpl; auto. apply IHa; auto. Qed.

Lemma node_terms_ok x t e vs n : Forall2 (all_stand x) e vs -> all_stand x (node_terms e n) (evaluate x t vs n).
Proof.
  intros H. pose proof (fun k => stand_arg x e vs k H) as A.
  pose proof (fun k => as_long _ _ _ (A k)) as L.
  assert (O : forall (g : scalar -> scalar) (f : term -> term) k,
    (forall a r, stands x a r -> stands x (f a) (g r)) -> all_stand x (map f (nth k e [])) (map g (nth k vs []))).
  { intros g f k F. specialize (A k). clear -A F. induction A; simpl; constructor; auto. }
  assert (C : forall a b, length (combine (nth a e []) (nth b e [])) = length (combine (nth a vs []) (nth b vs [])))
    by (intros; now rewrite !combine_length, !L).
  destruct n; cbn [node_terms evaluate].
  - repeat constructor.
  - repeat constructor.
  - apply O. intros. simpl. eauto.
  - apply (stand_zip x Sum); auto. intros. simpl. eauto 6.
  - apply (stand_zip x Difference); auto. intros. simpl. eauto 6.
  - apply (stand_zip x Product); auto. intros. simpl. eauto 6.
  - apply all_strange. unfold zip. now rewrite map_length, C.
  - apply all_strange_one. now rewrite map_length.
  - apply all_strange_one. unfold mapi. now rewrite mapi_from_map.
  - constructor; [|constructor]. simpl. do 3 eexists. repeat split; apply stand_first; apply A.
  - apply all_strange. unfold zipi, mapi. now rewrite mapi_from_map, C.
  - apply all_strange. unfold zipi, mapi. now rewrite mapi_from_map, C.
  - apply all_strange. unfold zip. now rewrite map_length, C.
  - induction parts as [|k parts IH]; simpl; constructor; auto. apply stand_first, A.
  - constructor; [|constructor]. apply stand_nth, A.
  - induction rows as [|r rows IH]; simpl; constructor; auto. now apply row_term_ok.
Qed.
Lemma terms_ok x t p : forall e vs, Forall2 (all_stand x) e vs -> Forall2 (all_stand x) (terms p e) (run x t p vs).
Proof.
  induction p as [|n p IH]; intros e vs H; simpl; auto. apply IH. constructor; auto. now apply node_terms_ok.
Qed.

(** * From leaf to leaf *)

(** [k] is asked about each part of the box on which the term is one affine form, and about the form;
    it answers with what is left to show, or that it cannot say. *)
Section Leaves.
Variable case : Type.
Notation asked := (list side -> affine -> option (list case)).
Definition both (a b : option (list case)) : option (list case) :=
  match a, b with Some l, Some m => Some (l ++ m) | _, _ => None end.
Definition where_positive (b : list side) (c : bool * affine) (f : list side -> option (list case)) :=
  match narrow b c with Some b' => f b' | None => Some [] end.

Fixpoint explore (t : term) (b : list side) (k : asked) : option (list case) :=
  match t with
  | Number q => k b (Form q [])
  | Input i => if Nat.ltb i (length b) then k b (variable i) else None
  | Opposite u => explore u b (fun b a => k b (form_neg a))
  | Sum u v => explore u b (fun b a => explore v b (fun b c => k b (form_plus a c)))
  | Difference u v => explore u b (fun b a => explore v b (fun b c => k b (form_plus a (form_neg c))))
  | Product u v =>
    explore u b (fun b a => explore v b (fun b c =>
      if is_constant a then k b (form_times (offset a) c)
      else if is_constant c then k b (form_times (offset c) a) else None))
  | Choice c u v =>
    explore c b (fun b a =>
      match only 0 (slopes a) with
      | None => None
      | Some _ =>
        both (where_positive b (false, form_neg a) (fun b => explore v b k))
             (where_positive b (true, a) (fun b => explore u b k))
      end)
  | Strange => None
  end.

(** What is left being [shown], the term has the value of a form for which [k] answered. *)
Variable shown : case -> Prop.
Theorem explore_ok x (P : Prop) t : forall b (k : asked) s l, explore t b k = Some l ->
  inside_box b x -> stands x t s -> Forall shown l ->
  (forall b' a l', k b' a = Some l' -> inside_box b' x -> s = Some (at_point x a) -> Forall shown l' -> P) -> P.
Proof.
  induction t; intros B k s l E I S L K; simpl in E, S.
  - apply (K _ _ _ E I); auto. subst. unfold at_point. simpl. f_equal. ring.
  - destruct (Nat.ltb_spec i (length B)) as [Li|]; [|discriminate]. apply (K _ _ _ E I); auto.
    rewrite (as_long _ _ _ I) in Li. destruct (nth_error x i) as [v|] eqn:Ev.
    + subst. f_equal. symmetry. now apply variable_ok.
    + apply nth_error_None in Ev. lia.
  - destruct S as [r [S ->]]. apply (IHt _ _ _ _ E I S L). intros b' a l' E' I' -> L'.
    apply (K _ _ _ E' I'); auto. simpl. now rewrite form_neg_ok.
  - destruct S as [r [q [S1 [S2 ->]]]]. apply (IHt1 _ _ _ _ E I S1 L). intros b1 a l1 E1 I1 -> L1.
    apply (IHt2 _ _ _ _ E1 I1 S2 L1). intros b2 c l2 E2 I2 -> L2.
    apply (K _ _ _ E2 I2); auto. simpl. now rewrite form_plus_ok.
  - destruct S as [r [q [S1 [S2 ->]]]]. apply (IHt1 _ _ _ _ E I S1 L). intros b1 a l1 E1 I1 -> L1.
    apply (IHt2 _ _ _ _ E1 I1 S2 L1). intros b2 c l2 E2 I2 -> L2.
    apply (K _ _ _ E2 I2); auto. simpl. rewrite form_plus_ok, form_neg_ok. f_equal; try ring.
  - destruct S as [r [q [S1 [S2 ->]]]]. apply (IHt1 _ _ _ _ E I S1 L). intros b1 a l1 E1 I1 -> L1.
    apply (IHt2 _ _ _ _ E1 I1 S2 L1). intros b2 c l2 E2 I2 -> L2.
    destruct (is_constant a) eqn:C; [|destruct (is_constant c) eqn:D; [|discriminate]];
      apply (K _ _ _ E2 I2); auto; simpl; rewrite form_times_ok.
    + now rewrite (is_constant_ok x a C).
    + rewrite (is_constant_ok x c D). f_equal. ring.
  - destruct S as [r [p [q [S1 [S2 [S3 ->]]]]]]. apply (IHt1 _ _ _ _ E I S1 L). intros b1 a l1 E1 I1 -> L1.
    destruct (only 0 (slopes a)); [|discriminate]. unfold both, where_positive in E1.
    destruct (Rlt_dec 0 (at_point x a)) as [Y|N].
    + destruct (narrow_ok b1 (true, a) x I1) as [b2 [F2 I2]]; [exact Y|]. rewrite F2 in E1.
      destruct (match narrow b1 (false, form_neg a) with Some _ => _ | None => _ end) as [m|]; [|discriminate].
      destruct (explore t2 b2 k) as [l2|] eqn:E2; [|discriminate]. inversion E1; subst l1; clear E1.
      apply Forall_app in L1. destruct L1 as [_ L2]. apply (IHt2 _ _ _ _ E2 I2 S2 L2).
      intros b' a' l' E' I' -> L'. apply (K _ _ _ E' I'); auto. simpl. now destruct (Rlt_dec 0 (at_point x a)).
    + destruct (narrow_ok b1 (false, form_neg a) x I1) as [b2 [F2 I2]].
      { unfold holds_at. simpl. rewrite form_neg_ok. lra. }
      rewrite F2 in E1. destruct (explore t3 b2 k) as [l2|] eqn:E2; [|discriminate].
      destruct (match narrow b1 (true, a) with Some _ => _ | None => _ end) as [m|]; [|discriminate].
      inversion E1; subst l1; clear E1. apply Forall_app in L1. destruct L1 as [L2 _].
      apply (IHt3 _ _ _ _ E2 I2 S3 L2).
      intros b' a' l' E' I' -> L'. apply (K _ _ _ E' I'); auto. simpl. now destruct (Rlt_dec 0 (at_point x a)).
  - discriminate.
Qed.
End Leaves.
